// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
// Only with the trait S3: a build without it has neither of them.
let http = Target.Dependency.product(
    name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["S3"]))
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["S3"]))
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["S3"]))
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto", condition: .when(traits: ["S3"]))
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")

/// A room of the house: a Swift target with the settings that all of them share.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func library(_ name: String, _ pkgConfig: String, apt: String, brew: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt]), .brew([brew])])
}

let package = Package(
    name: "swift-lance",
    platforms: [.macOS(.v15), .iOS(.v18)],
    products: [
        .library(name: "LanceVectorStore", targets: ["LanceVectorStore"]),
        .executable(name: "vectord", targets: ["vectord"]),
    ],
    traits: [
        .trait(name: "S3", description: "Tables in object stores: s3://bucket/path."),
        .default(enabledTraits: ["S3"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        // cellar
        room("ByteCoding"),
        .target(name: "CVectorKernels"),
        room("VectorMath", ["CVectorKernels", heap]),
        room("Columnar", ["ByteCoding"]),
        room("LanceProto", [protobuf]),
        // reaching
        room("ObjectStorage", ["ByteCoding", system, log]),
        room("S3Storage", ["ObjectStorage", "ByteCoding", http, nio, nioHTTP, crypto, log]),
        // keeping
        library("CZstd", "libzstd", apt: "libzstd-dev", brew: "zstd"),
        library("CLZ4", "liblz4", apt: "liblz4-dev", brew: "lz4"),
        library("CZlib", "zlib", apt: "zlib1g-dev", brew: "zlib"),
        library("CSnappy", "snappy", apt: "libsnappy-dev", brew: "snappy"),
        room("ParquetReader", ["Columnar", "ByteCoding", "ObjectStorage", "CZstd", "CLZ4", "CZlib", "CSnappy"]),
        room("LanceFile", ["Columnar", "ByteCoding", "LanceProto", "ObjectStorage", "CZstd", "CLZ4", protobuf]),
        room(
            "LanceTable",
            ["LanceFile", "Columnar", "ByteCoding", "LanceProto", "ObjectStorage", "CZstd", protobuf, log]),
        // finding
        room(
            "LanceIndex",
            [
                "LanceTable", "LanceFile", "Columnar", "ByteCoding", "LanceProto", "ObjectStorage", "VectorMath",
                protobuf, log,
            ]),
        room(
            "VectorSearch",
            [
                "LanceIndex", "LanceTable", "LanceFile", "Columnar", "ByteCoding", "ObjectStorage", "VectorMath", log,
                heap,
            ]),
        // front
        room(
            "LanceVectorStore",
            [
                "VectorSearch", "LanceIndex", "LanceTable", "LanceFile", "LanceProto", "ParquetReader", "Columnar",
                "ObjectStorage", "S3Storage", "ByteCoding", "VectorMath",
            ]),
        // roof
        .executableTarget(
            name: "vectord",
            dependencies: [
                "LanceVectorStore", "LanceTable", "LanceFile", "Columnar", "ObjectStorage", "ByteCoding",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        // workshop
        room("TestSupport", ["ObjectStorage", "Columnar", "ByteCoding"]),
        // Every call that writes, for tests that stop it half-way.
        room("CrashCases", ["LanceVectorStore", "ObjectStorage", "ByteCoding", "TestSupport", system]),
        // Cut states as directories, and a writer to be killed: Interop/test_crash.py, Interop/test_kill.py.
        .executableTarget(
            name: "crashstates",
            dependencies: ["CrashCases", "LanceVectorStore", "ObjectStorage", "ByteCoding", "TestSupport"],
            path: "Tests/CrashStates", swiftSettings: settings),
        // Compares what we read of the official Lance's tables with what it reads itself: Interop/zoo_check.py.
        .executableTarget(
            name: "zoocheck",
            dependencies: ["LanceTable", "LanceFile", "Columnar", "ByteCoding", "ObjectStorage", "TestSupport"],
            path: "Tests/ZooCheck", swiftSettings: settings),
        // Processes that use one table at once, or in turns with the official Lance: Interop/many_writers.py.
        .executableTarget(
            name: "workload",
            dependencies: [
                "LanceVectorStore", "LanceTable", "Columnar", "ByteCoding", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Workload", swiftSettings: settings),
        // Readers of outside bytes under a fuzzer, or over its finds: Scripts/fuzz.
        room(
            "FuzzTargets",
            [
                "LanceIndex", "LanceTable", "LanceFile", "LanceProto", "ParquetReader", "Columnar", "ByteCoding",
                "ObjectStorage", "VectorMath", "TestSupport", protobuf,
            ]),
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz", swiftSettings: settings),
        tests("FuzzTests", ["FuzzTargets", "ByteCoding", "TestSupport"], resources: [.copy("Cases")]),
        tests("ByteCodingTests", ["ByteCoding", "TestSupport"]),
        tests("ColumnarTests", ["Columnar", "ByteCoding", "TestSupport"]),
        tests("ObjectStorageTests", ["ObjectStorage", "ByteCoding", "TestSupport", system]),
        tests(
            "S3StorageTests",
            ["S3Storage", "LanceVectorStore", "ObjectStorage", "ByteCoding", "TestSupport", crypto]),
        tests(
            "LanceFileTests",
            ["LanceFile", "LanceProto", "Columnar", "ByteCoding", "ObjectStorage", "TestSupport", protobuf],
            resources: [.copy("Fixtures")]),
        tests(
            "LanceTableTests",
            [
                "LanceTable", "LanceFile", "LanceProto", "Columnar", "ByteCoding", "ObjectStorage", "TestSupport",
                protobuf,
            ], resources: [.copy("Fixtures")]),
        tests(
            "LanceIndexTests",
            [
                "LanceIndex", "LanceTable", "LanceFile", "LanceProto", "Columnar", "ByteCoding", "ObjectStorage",
                "VectorMath", "TestSupport", protobuf,
            ], resources: [.copy("Fixtures")]),
        tests("HouseTests", ["LanceVectorStore"]),
        tests("VectorMathTests", ["VectorMath", "TestSupport"]),
        tests("vectordTests", ["vectord", "LanceVectorStore", "LanceFile", "Columnar"]),
        tests(
            "ParquetReaderTests", ["ParquetReader", "Columnar", "ByteCoding", "ObjectStorage", "TestSupport"],
            resources: [.copy("Fixtures")]),
        tests(
            "LanceVectorStoreTests",
            [
                "LanceVectorStore", "LanceTable", "LanceFile", "LanceProto", "Columnar", "ByteCoding", "ObjectStorage",
                "TestSupport", "CrashCases", protobuf,
            ], resources: [.copy("Fixtures")]),
    ]
)

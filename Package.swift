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
    dependencies: [
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        // cellar
        room("ByteCoding"),
        .target(name: "CVectorKernels"),
        room("VectorMath", ["CVectorKernels", heap]),
        room("Columnar", ["ByteCoding"]),
        room("LanceProto", [protobuf]),
        // reaching
        room("ObjectStorage", ["ByteCoding", system]),
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
                "ObjectStorage",
                "ByteCoding", "VectorMath",
            ]),
        // roof
        .executableTarget(
            name: "vectord",
            dependencies: [
                "LanceVectorStore", "LanceTable", "LanceFile", "Columnar", "ObjectStorage",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        // workshop
        room("TestSupport", ["ObjectStorage", "Columnar", "ByteCoding"]),
        // Compares what we read of the official Lance's tables with what it reads itself: Interop/zoo_check.py.
        .executableTarget(
            name: "zoocheck",
            dependencies: ["LanceTable", "LanceFile", "Columnar", "ByteCoding", "ObjectStorage", "TestSupport"],
            path: "Tests/ZooCheck", swiftSettings: settings),
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
                "TestSupport", protobuf,
            ], resources: [.copy("Fixtures")]),
    ]
)

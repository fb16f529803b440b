// SPDX-License-Identifier: Apache-2.0
import ByteCoding
import Columnar
import Foundation
import LanceFile
import LanceProto
import SwiftProtobuf
import Testing
import TestSupport

struct LogicalTypeTests {
    @Test func namesRoundTrip() {
        for type in RandomColumns.writableTypes {
            let name = LogicalType.name(of: type)
            #expect(name.map { LogicalType.type(named: $0) } == type, "\(type) is \(name ?? "nil")")
        }
    }

    @Test(arguments: [
        ("timestamp:us:-", DataType.timestamp(.microsecond, zone: nil)),
        ("timestamp:ns:+01:00", .timestamp(.nanosecond, zone: "+01:00")),
        ("dict:string:int8:false", .utf8), ("dict:large_binary:int32:true", .largeBinary),
        ("dict:int64:int8:false", .int64),
        ("fixed_size_list:timestamp:us:UTC:3", .fixedSizeList(.timestamp(.microsecond, zone: "UTC"), 3)),
        ("fixed_size_list:decimal:128:9:2:4", .fixedSizeList(.decimal128(precision: 9, scale: 2), 4)),
        ("time:s", .time32(.second)), ("time:ns", .time64(.nanosecond)),
    ]) func spellings(_ name: String, _ type: DataType) {
        #expect(LogicalType.type(named: name) == type)
    }

    @Test(arguments: [
        "", ":", "::::", "list", "fixed_size_list", "fixed_size_list:float", "fixed_size_list:float:0",
        "fixed_size_list:float:-1", "fixed_size_list:float:99999999999999999999", "fixed_size_list:float:16777217",
        "fixed_size_list:string:4", "fixed_size_list:lance.bfloat16:8",
        "fixed_size_binary:-1", "fixed_size_binary:x", "fixed_size_binary:99999999999", "timestamp:us", "timestamp:x:-",
        "time32:", "decimal:64:1:1", "decimal:128:a:b", "duration:h", "dict:struct:int8:false", "dict::", "INT32",
    ]) func whatIsNotReadIsOther(_ name: String) {
        #expect(LogicalType.type(named: name) == .other(name))
    }

    /// A name may come from anybody: neither the stack nor an hour may be spent on it.
    @Test(.timeLimit(.minutes(1))) func aHostileNameIsCheap() {
        let levels = 100_000
        let name =
            String(repeating: "fixed_size_list:", count: levels) + "float" + String(repeating: ":1", count: levels)
        #expect(LogicalType.type(named: name) == .other(name))
        let colons = "timestamp:us" + String(repeating: ":", count: 1_000_000)
        #expect(LogicalType.type(named: colons) != .null)
    }

    @Test func schemasWithStructsAndBlobs() throws {
        func field(_ id: Int32, _ parent: Int32, _ name: String, _ type: String) -> ProtoField {
            .with {
                $0.id = id
                $0.parentID = parent
                $0.name = name
                $0.logicalType = type
            }
        }
        let schema = try TableSchema([
            field(0, -1, "a", "int32"), field(1, -1, "s", "struct"), field(2, 1, "x", "struct"),
            field(3, 2, "y", "int32"),
            field(4, -1, "l", "list"), field(5, 4, "item", "string"), field(-1, -1, "position", "uint64"),
            field(7, -1, "b", "bool"),
        ])
        #expect(schema.fields.map(\.name) == ["a", "s", "l", "b"])
        #expect(schema["s"]?.childIDs == [2, 3] && schema["l"]?.childIDs == [5] && schema["a"]?.childIDs == [])
        #expect(throws: Failure.self) { try TableSchema([field(1, -1, "a", "int32"), field(1, -1, "b", "int32")]) }
        // Parents in a circle lead nowhere.
        #expect(
            try TableSchema([field(1, 2, "a", "int32"), field(2, 1, "b", "int32"), field(3, 3, "c", "int32")]).fields
                .isEmpty)
    }

    @Test func fileVersions() throws {
        for version in FileVersion.allCases {
            let (major, minor) = version.manifestNumbers
            #expect(try FileVersion(major: major, minor: minor, path: "p") == version)
            let footer = version.footerNumbers
            #expect(try FileVersion(major: UInt32(footer.major), minor: UInt32(footer.minor), path: "p") == version)
        }
        for (major, minor) in [
            (UInt32(0), UInt32(0)), (0, 1), (0, 2), (0, 4), (1, 0), (2, 3), (3, 0), (UInt32.max, UInt32.max),
        ] {
            let failure = #expect(throws: Failure.self) { try FileVersion(major: major, minor: minor, path: "p") }
            #expect(failure?.code == .unsupported && failure?.message.contains("\(major).\(minor)") == true)
        }
        #expect(FileVersion.v2_0 < .v2_1 && FileVersion.v2_1 < .v2_2)
    }
}

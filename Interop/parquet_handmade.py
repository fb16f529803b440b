# SPDX-License-Identifier: Apache-2.0
"""Parquet files that today's writers no longer write: made byte by byte.

A small writer of one row group whose pages are given as they are. Levels and values are encoded by hand, so that old
list forms, BIT_PACKED levels, Hadoop's LZ4 frames, gzip members and index pages can be put together.
"""
import gzip
import struct
import zlib

import pyarrow as pa

BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = range(8)
REQUIRED, OPTIONAL, REPEATED = range(3)
PLAIN, PLAIN_DICTIONARY, RLE, BIT_PACKED, DELTA, DELTA_LENGTH, DELTA_BYTES, RLE_DICTIONARY, SPLIT = 0, 2, 3, 4, 5, 6, 7, 8, 9
UNCOMPRESSED, SNAPPY, GZIP, LZ4 = 0, 1, 2, 5


def varint(n):
    out = b""
    while True:
        if n < 0x80:
            return out + bytes([n])
        out += bytes([n & 0x7F | 0x80])
        n >>= 7


def zigzag(n):
    return varint((n << 1) ^ (n >> 63))


def thrift(fields):
    """A structure of {id: value}; int = i32, ("i64", n), bytes or str, list of structures, dict = structure, bool."""
    out, last = b"", 0
    for id, value in sorted(fields.items()):
        if value is None:
            continue
        kind, body = {
            bool: lambda v: (1 if v else 2, b""),
            int: lambda v: (5, zigzag(v)),
            tuple: lambda v: (6, zigzag(v[1])) if v[0] == "i64" else (3, struct.pack("b", v[1])),
            str: lambda v: (8, varint(len(v.encode())) + v.encode()),
            dict: lambda v: (12, thrift(v)),
            list: lambda v: (9, thrift_list(v)),
        }[type(value)](value)
        out += bytes([(id - last) << 4 | kind]) + body
        last = id
    return out + b"\0"


def thrift_list(items):
    if items and isinstance(items[0], dict):
        kind, body = 12, b"".join(thrift(i) for i in items)
    elif items and isinstance(items[0], str):
        kind, body = 8, b"".join(varint(len(i)) + i.encode() for i in items)
    else:
        kind, body = 5, b"".join(zigzag(i) for i in items)
    return (bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + varint(len(items))) + body


def element(name, type=None, repetition=REQUIRED, children=None, converted=None, length=None, scale=None, precision=None, logical=None):
    return {1: type, 2: length, 3: repetition, 4: name, 5: children, 6: converted, 7: scale, 8: precision, 10: logical}


def bits(values, width):
    """Lowest bit first."""
    total = 0
    for i, v in enumerate(values):
        total |= v << (i * width)
    return total.to_bytes((len(values) * width + 7) // 8, "little")


def bits_highest_first(values, width):
    text = "".join(f"{v:0{width}b}" for v in values)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))


def runs(values, width):
    """One bit-packed run, or repeated ones where all are the same."""
    if len(set(values)) == 1:
        return varint(len(values) << 1) + values[0].to_bytes((width + 7) // 8, "little")
    padded = list(values) + [0] * (-len(values) % 8)
    return varint(len(padded) // 8 << 1 | 1) + bits(padded, width)


def sized(data):
    return struct.pack("<I", len(data)) + data


def hadoop(data, block=64):
    """Hadoop's frames: big-endian sizes before and after compression, then a block."""
    codec = pa.Codec("lz4_raw")
    out = b""
    for i in range(0, len(data), block):
        part = data[i : i + block]
        packed = codec.compress(part, asbytes=True)
        out += struct.pack(">II", len(part), len(packed)) + packed
    return out


COMPRESS = {
    UNCOMPRESSED: lambda d: d,
    SNAPPY: lambda d: pa.Codec("snappy").compress(d, asbytes=True),
    GZIP: gzip.compress,
    LZ4: hadoop,
}


def data_page(count, values, definition=b"", repetition=b"", encoding=PLAIN, levels=(RLE, RLE), codec=UNCOMPRESSED, crc=False, compress=None):
    """Version 1; levels with their sizes where they have any."""
    plain = repetition + definition + values
    packed = (compress or COMPRESS[codec])(plain)
    header = {1: 0, 2: len(plain), 3: len(packed), 5: {1: count, 2: encoding, 3: levels[0], 4: levels[1]}}
    if crc:
        header[4] = struct.unpack("<i", struct.pack("<I", zlib.crc32(packed)))[0]
    return thrift(header) + packed


def data_page_v2(count, rows, nulls, values, definition=b"", repetition=b"", encoding=PLAIN, codec=UNCOMPRESSED, is_compressed=True):
    packed = COMPRESS[codec](values) if is_compressed else values
    levels = len(definition) + len(repetition)
    header = {
        1: 3, 2: levels + len(values), 3: levels + len(packed),
        8: {1: count, 2: nulls, 3: rows, 4: encoding, 5: len(definition), 6: len(repetition), 7: is_compressed},
    }
    return thrift(header) + repetition + definition + packed


def dictionary_page(count, values, codec=UNCOMPRESSED, encoding=PLAIN):
    packed = COMPRESS[codec](values)
    return thrift({1: 2, 2: len(values), 3: len(packed), 7: {1: count, 2: encoding}}) + packed


def index_page():
    return thrift({1: 1, 2: 3, 3: 3, 6: {}}) + b"\1\2\3"


def file(schema, columns, rows):
    """`columns`: (path, type, codec, number of values, pages, has a dictionary)."""
    data, chunks = b"PAR1", []
    for path, type, codec, count, pages, has_dictionary in columns:
        start = len(data)
        body = b"".join(pages)
        first = start + (len(pages[0]) if has_dictionary else 0)
        data += body
        meta = {
            1: type, 2: [PLAIN], 3: path, 4: codec, 5: ("i64", count), 6: ("i64", len(body)), 7: ("i64", len(body)),
            9: ("i64", first), 11: ("i64", start) if has_dictionary else None,
        }
        chunks.append({2: ("i64", start), 3: meta})
    footer = thrift({
        1: 1, 2: schema, 3: ("i64", rows), 4: [{1: chunks, 2: ("i64", len(data)), 3: ("i64", rows)}], 6: "by hand",
    })
    return data + footer + struct.pack("<I", len(footer)) + b"PAR1"


def root(children):
    return element("schema", children=children)


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def ints(*values):
    return struct.pack(f"<{len(values)}i", *values)


def texts(*values):
    return b"".join(sized(v.encode()) for v in values)


# Lists of 2, 0, 3 and 1 items; for the nullable form the third is null.
REPETITION = [0, 1, 0, 0, 1, 1, 0]


def one(name_path, type, pages, count, codec=UNCOMPRESSED, has_dictionary=False):
    return (name_path, type, codec, count, pages, has_dictionary)


def all_files():
    """(name, bytes) of each file."""
    rep = sized(runs(REPETITION, 1))
    items = floats(1.5, -2.5, 3.0, 4.25, float("inf"), 6.0)
    yield "plain-repeated", file(
        [root(1), element("v", FLOAT, REPEATED)],
        [one(["v"], FLOAT, [data_page(7, items, sized(runs([1, 1, 0, 1, 1, 1, 1], 1)), rep)], 7)], 4)
    yield "two-level-required", file(
        [root(1), element("v", None, REQUIRED, 1, converted=3), element("array", FLOAT, REPEATED)],
        [one(["v", "array"], FLOAT, [data_page(7, items, sized(runs([1, 1, 0, 1, 1, 1, 1], 1)), rep)], 7)], 4)
    optional = sized(runs([2, 2, 1, 0, 2, 2], 2))
    yield "two-level-optional", file(
        [root(1), element("v", None, OPTIONAL, 1, converted=3), element("element", INT32, REPEATED)],
        [one(["v", "element"], INT32, [data_page(6, ints(1, -2, 3, 4), optional, sized(runs([0, 1, 0, 0, 0, 1], 1)))], 6)], 4)
    yield "two-level-text", file(
        [root(1), element("v", None, OPTIONAL, 1, converted=3), element("v_tuple", BYTE_ARRAY, REPEATED, converted=0)],
        [one(["v", "v_tuple"], BYTE_ARRAY, [data_page(6, texts("a", "", "ü", "xyz"), optional, sized(runs([0, 1, 0, 0, 0, 1], 1)))], 6)], 4)
    # A list that goes on in the next page, which version 1 allows.
    yield "list-across-pages", file(
        [root(1), element("v", None, OPTIONAL, 1, converted=3), element("list", None, REPEATED, 1), element("element", FLOAT, OPTIONAL)],
        [one(["v", "list", "element"], FLOAT, [
            data_page(3, floats(1, 2), sized(runs([3, 2, 3], 2)), sized(runs([0, 1, 1], 1))),
            data_page(2, floats(3), sized(runs([3, 2], 2)), sized(runs([1, 1], 1))),
            data_page(3, floats(4), sized(runs([1, 0, 3], 2)), sized(runs([0, 0, 0], 1))),
        ], 8)], 4)
    for codec in (UNCOMPRESSED, SNAPPY, GZIP, LZ4):
        many = b"".join(struct.pack("<q", i * 1_000_003 % 977) for i in range(500))
        yield f"long-int64-{codec}", file(
            [root(1), element("v", INT64)],
            [one(["v"], INT64, [data_page(500, many, codec=codec, crc=True)], 500, codec)], 500)
        yield f"index-page-{codec}", file(
            [root(1), element("v", BYTE_ARRAY, OPTIONAL, converted=0)],
            [one(["v"], BYTE_ARRAY, [
                dictionary_page(3, texts("alpha", "", "beta"), codec),
                index_page(),
                data_page(5, b"\2" + runs([0, 2, 1, 0], 2), sized(runs([1, 1, 0, 1, 1], 1)), encoding=PLAIN_DICTIONARY, codec=codec),
                index_page(),
                data_page(2, texts("plain", "gamma"), sized(runs([1, 1], 1)), codec=codec),
            ], 7, codec, True)], 7)
        yield f"uncompressed-v2-{codec}", file(
            [root(1), element("v", DOUBLE, OPTIONAL)],
            [one(["v"], DOUBLE, [data_page_v2(4, 4, 1, struct.pack("<3d", 1, 2, 3), runs([1, 0, 1, 1], 1), codec=codec, is_compressed=False)], 4, codec)], 4)
    # Bare blocks under the name of the codec that Hadoop frames.
    bare = lambda d: pa.Codec("lz4_raw").compress(d, asbytes=True)
    yield "lz4-bare", file(
        [root(1), element("v", INT32)], [one(["v"], INT32, [data_page(40, ints(*range(40)), codec=LZ4, compress=bare)], 40, LZ4)], 40)
    yield "int96", file(
        [root(1), element("v", INT96, OPTIONAL)],
        [one(["v"], INT96, [data_page(3, struct.pack("<qiqi", 123456789, 2440588, 1, 2459000), sized(runs([1, 0, 1], 1)))], 3)], 3)
    for width in (1, 4, 8, 12, 16):
        raw = b"".join((v).to_bytes(width, "big", signed=True) for v in (0, 1, -1, 99, -100))
        yield f"decimal-fixed-{width}", file(
            [root(1), element("v", FIXED, converted=5, length=width, scale=1, precision=2)],
            [one(["v"], FIXED, [data_page(5, raw)], 5)], 5)
    yield "decimal-int", file(
        [root(2), element("a", INT32, converted=5, scale=2, precision=9), element("b", INT64, converted=5, scale=0, precision=18)],
        [one(["a"], INT32, [data_page(3, ints(0, -12345, 999999999))], 3),
         one(["b"], INT64, [data_page(3, struct.pack("<3q", 0, -1, 10**18 - 1))], 3)], 3)
    converted = [("i8", 15, INT32), ("i16", 16, INT32), ("i32", 17, INT32), ("u8", 11, INT32), ("u16", 12, INT32), ("u32", 13, INT32),
                 ("i64", 18, INT64), ("u64", 14, INT64), ("date", 6, INT32), ("time_ms", 7, INT32), ("time_us", 8, INT64),
                 ("ts_ms", 9, INT64), ("ts_us", 10, INT64)]
    yield "converted-types", file(
        [root(len(converted))] + [element(n, t, converted=c) for n, c, t in converted],
        [one([n], t, [data_page(3, ints(0, 1, 100) if t == INT32 else struct.pack("<3q", 0, 1, 100))], 3) for n, c, t in converted], 3)
    texts_of = [("json", 19), ("utf8", 0), ("bson", 20)]
    yield "annotated-bytes", file(
        [root(len(texts_of))] + [element(n, BYTE_ARRAY, converted=c) for n, c in texts_of],
        [one([n], BYTE_ARRAY, [data_page(2, texts("{}", '"a"'))], 2) for n, c in texts_of], 2)
    # Runs of Booleans in version 1 and 2.
    flags = sized(runs([1, 0, 1, 1, 0, 1, 1, 1, 0, 1], 1))
    yield "boolean-runs", file(
        [root(2), element("a", BOOLEAN), element("b", BOOLEAN)],
        [one(["a"], BOOLEAN, [data_page(10, flags, encoding=RLE)], 10),
         one(["b"], BOOLEAN, [data_page_v2(10, 10, 0, flags, encoding=RLE)], 10)], 10)
    yield "no-row-groups", _no_rows()


def _no_rows():
    footer = thrift({1: 1, 2: [root(1), element("v", FLOAT)], 3: ("i64", 0), 4: []})
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def expectations():
    """Of files that pyarrow does not read, or not as the format means them: (name, bytes, expectation)."""
    # Two gzip members in one page.
    data = ints(*range(100))
    members = lambda d: gzip.compress(d[:120]) + gzip.compress(d[120:])
    yield "gzip-members", file(
        [root(1), element("v", INT32)], [one(["v"], INT32, [data_page(100, data, codec=GZIP, compress=members)], 100, GZIP)], 100
    ), "100\nC\tv\tint32\t0\t" + " ".join(map(str, range(100))) + "\n"
    # pyarrow makes binary of these.
    yield "enum", file(
        [root(1), element("v", BYTE_ARRAY, converted=4)], [one(["v"], BYTE_ARRAY, [data_page(2, texts("a", "b"))], 2)], 2
    ), "2\nC\tv\tutf8\t0\t'61 '62\n"
    # The format packs these levels with the highest bit first; pyarrow takes the lowest.
    old = (BIT_PACKED, BIT_PACKED)
    for codec in (UNCOMPRESSED, SNAPPY, GZIP, LZ4):
        definition = [1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1]
        yield f"bit-packed-levels-{codec}", file(
            [root(1), element("v", INT32, OPTIONAL)],
            [one(["v"], INT32, [data_page(11, ints(*range(8)), bits_highest_first(definition, 1), levels=old, codec=codec)], 11, codec)], 11
        ), "11\nC\tv\tint32\t1\t0 ~ 1 2 ~ 3 4 5 6 ~ 7\n"
        yield f"bit-packed-list-levels-{codec}", file(
            [root(1), element("v", None, OPTIONAL, 1, converted=3), element("list", None, REPEATED, 1), element("element", INT32, OPTIONAL)],
            [one(["v", "list", "element"], INT32, [data_page(
                6, ints(7, 8, 9), bits_highest_first([3, 2, 1, 0, 3, 3], 2), bits_highest_first([0, 1, 0, 0, 0, 1], 1),
                levels=old, codec=codec)], 6, codec)], 4
        ), "4\nC\tv\tlist<int32>\t1\t[7,~] [] ~ [8,9]\n"

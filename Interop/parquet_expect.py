# SPDX-License-Identifier: Apache-2.0
"""What pyarrow reads from a Parquet file, as text that is compared to the byte.

    C <tab> name <tab> type <tab> nullable <tab> cells, separated by spaces
    U <tab> name                                a column of a type that is not kept

A cell is `~` for null, `t` or `f`, a decimal integer, `x` and the bits of a float in hexadecimal, `'` and bytes (of
text, binary or a 16-byte decimal) in hexadecimal, or `[cell,cell]`.
"""
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NAMES = {pa.float16(): "float16", pa.float32(): "float32", pa.float64(): "float64", pa.bool_(): "bool", pa.null(): "null"}


def type_name(type):
    """The name of the type that the reader should have made of it; None where it keeps no such type."""
    t = pa.types
    if t.is_dictionary(type):
        return type_name(type.value_type)
    if type in NAMES:
        return NAMES[type]
    if t.is_integer(type):
        return str(type)
    # Durations are plain integers in the file.
    if t.is_duration(type):
        return "int64"
    if t.is_string(type) or t.is_large_string(type) or t.is_string_view(type):
        return "utf8"
    if t.is_binary(type) or t.is_large_binary(type) or t.is_binary_view(type):
        return "binary"
    if t.is_fixed_size_binary(type):
        return f"fixed_size_binary({type.byte_width})"
    if t.is_date32(type):
        return "date32"
    if t.is_time(type):
        return f"time{type.bit_width}({type.unit})"
    if t.is_timestamp(type):
        return f"timestamp({type.unit}{', UTC' if type.tz else ''})"
    if t.is_decimal128(type) or t.is_decimal32(type) or t.is_decimal64(type):
        return f"decimal128({type.precision}, {type.scale})"
    if t.is_list(type) or t.is_large_list(type) or t.is_fixed_size_list(type):
        item = type_name(type.value_type)
        return None if item is None or item.startswith("list") else f"list<{item}>"
    # JSON and UUID, as their storage.
    if isinstance(type, pa.BaseExtensionType):
        return type_name(type.storage_type)
    return None


def cells(array):
    """One cell a value."""
    type = array.type
    t = pa.types
    if isinstance(type, pa.BaseExtensionType):
        return cells(array.storage)
    if t.is_dictionary(type):
        return cells(array.dictionary_decode())
    if t.is_list(type) or t.is_large_list(type) or t.is_fixed_size_list(type):
        items = cells(array.flatten())
        result, at = [], 0
        for length in array.value_lengths().to_pylist() if not t.is_fixed_size_list(type) else [
            type.list_size if v else None for v in array.is_valid().to_pylist()
        ]:
            if length is None:
                result.append("~")
                continue
            result.append("[" + ",".join(items[at : at + length]) + "]")
            at += length
        return result
    if t.is_null(type):
        return ["~"] * len(array)
    valid = array.is_valid().to_pylist()
    if t.is_boolean(type):
        values = ["t" if v else "f" for v in array.to_pylist()]
    elif t.is_floating(type):
        width = type.bit_width // 8
        bits = np.frombuffer(array.buffers()[1], f"u{width}")[array.offset : array.offset + len(array)]
        values = [f"x{v:0{width * 2}x}" for v in bits.tolist()]
    elif t.is_decimal(type):
        if type.bit_width < 128:
            array = array.cast(pa.decimal128(type.precision, type.scale))
        data = array.buffers()[1].to_pybytes()[array.offset * 16 :]
        values = ["'" + data[i * 16 : i * 16 + 16].hex() for i in range(len(array))]
    elif t.is_temporal(type):
        values = [str(v) for v in array.cast(pa.int32() if type.bit_width == 32 else pa.int64()).to_pylist()]
    elif t.is_integer(type):
        values = [str(v) for v in array.to_pylist()]
    else:
        binary = array if t.is_fixed_size_binary(type) else array.cast(pa.large_binary())
        values = ["" if v is None else "'" + v.hex() for v in binary.to_pylist()]
    return [v if ok else "~" for v, ok in zip(values, valid)]


def write(path):
    """Writes `path`.expect beside a file."""
    table = pq.read_table(path, use_threads=False)
    lines = []
    for field, column in zip(table.schema, table.columns):
        name = type_name(field.type)
        if name is None:
            lines.append(f"U\t{field.name}")
            continue
        chunks = column.chunks
        text = " ".join(cell for chunk in chunks for cell in cells(chunk))
        lines.append(f"C\t{field.name}\t{name}\t{int(field.nullable)}\t{text}")
    with open(path + ".expect", "w") as out:
        out.write(f"{table.num_rows}\n" + "\n".join(lines) + "\n")

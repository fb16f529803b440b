# SPDX-License-Identifier: Apache-2.0
"""Arrow arrays as canonical bytes: bytes that depend on the values alone, so that two readers can be compared.

The layout is described in Tests/ZooCheck/CanonicalBytes.swift, which makes the same bytes from what this package reads.

    parts = canonical(array)              # a list of numpy arrays of bytes, one after another
    names = type_name(array.type)         # the type as this package names it
    where = locate(array.type, n, parts, position)   # which row a byte belongs to
"""
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def plain_type(type):
    """The type without dictionaries, extensions and the like around it."""
    while True:
        if isinstance(type, pa.BaseExtensionType):
            type = type.storage_type
        elif pa.types.is_dictionary(type) or pa.types.is_run_end_encoded(type):
            type = type.value_type
        elif pa.types.is_string_view(type):
            type = pa.utf8()
        elif pa.types.is_binary_view(type):
            type = pa.binary()
        else:
            return type


def plain_array(array):
    """The array without dictionaries, extensions and the like around it, in one piece."""
    if isinstance(array, pa.ChunkedArray):
        chunks = [plain_array(chunk) for chunk in array.chunks]
        return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks or [pa.nulls(0, plain_type(array.type))])
    while True:
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        elif pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        elif pa.types.is_run_end_encoded(array.type):
            array = pc.run_end_decode(array)
        elif pa.types.is_string_view(array.type) or pa.types.is_binary_view(array.type):
            array = array.cast(plain_type(array.type))
        else:
            return array


def is_list(type):
    return pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_map(type)


def is_variable(type):
    t = pa.types
    return t.is_string(type) or t.is_large_string(type) or t.is_binary(type) or t.is_large_binary(type)


def item_type(type):
    """What a list is made of; for a map the struct of key and value."""
    if pa.types.is_map(type):
        return pa.struct([type.key_field, type.item_field])
    return type.value_type


def flat_items(array):
    """All items below a list array, those of null lists among them."""
    if pa.types.is_map(array.type):
        return pa.StructArray.from_arrays([array.keys, array.items], fields=[array.type.key_field, array.type.item_field])
    return array.values


def buffer_bytes(buffer):
    return np.zeros(0, np.uint8) if buffer is None else np.frombuffer(buffer, np.uint8)


def canonical(array, mask=None):
    """The canonical bytes of an array, as a list of parts. `mask` says which rows matter; all do without it."""
    array = plain_array(array)
    n, kind = len(array), array.type
    valid = np.asarray(array.is_valid()).astype(bool)
    if mask is not None:
        valid = valid & mask
    parts = [valid.view(np.uint8)]
    if pa.types.is_null(kind):
        return parts
    if pa.types.is_boolean(kind):
        bits = np.unpackbits(buffer_bytes(array.buffers()[1]), bitorder="little")[array.offset : array.offset + n]
        return parts + [bits & valid]
    if pa.types.is_fixed_size_list(kind):
        d = kind.list_size
        return parts + canonical(array.values.slice(array.offset * d, n * d), np.repeat(valid, d))
    if pa.types.is_struct(kind):
        for i in range(kind.num_fields):
            parts += canonical(array.field(i), valid)
        return parts
    if is_list(kind):
        offsets = np.asarray(array.offsets).astype(np.int64)
        lengths = np.diff(offsets) * valid
        parts.append(lengths.astype("<u8").view(np.uint8))
        return parts + canonical(wanted_items(flat_items(array), offsets, lengths))
    if is_variable(kind):
        wide = pa.types.is_large_string(kind) or pa.types.is_large_binary(kind)
        lengths = np.zeros(n, np.int64)
        kept = array if valid.all() else array.filter(pa.array(valid))
        data = buffer_bytes(kept.buffers()[2])
        if len(kept):
            offsets = np.frombuffer(kept.buffers()[1], np.int64 if wide else np.int32)
            offsets = offsets[kept.offset : kept.offset + len(kept) + 1].astype(np.int64)
            lengths[valid] = np.diff(offsets)
            data = data[offsets[0] : offsets[-1]]
        return parts + [lengths.astype("<u8").view(np.uint8), data if len(kept) else data[:0]]
    width = kind.bit_width // 8
    values = buffer_bytes(array.buffers()[1])[array.offset * width : (array.offset + n) * width].reshape(n, width)
    if not valid.all():
        values = np.where(valid[:, None], values, np.uint8(0))
    return parts + [values.reshape(-1)]


def wanted_items(items, offsets, lengths):
    """The items of the lists that count, one list after another."""
    total = int(lengths.sum())
    if total == offsets[-1] - offsets[0]:
        return items.slice(offsets[0], total)
    before = np.cumsum(lengths) - lengths
    indices = np.arange(total) + np.repeat(offsets[:-1] - before, lengths)
    return items.take(pa.array(indices))


def locate(kind, n, data, position):
    """Which row, and which part of a nested value, the byte at `position` of canonical bytes is about: text."""
    cursor = 0

    def walk(kind, rows, path):
        nonlocal cursor
        n = len(rows)
        kind = plain_type(kind)

        def section(name, width):
            nonlocal cursor
            start, cursor = cursor, cursor + n * width
            if width and position < cursor:
                return f"row {rows[(position - start) // width]}, {path or 'value'}{name}"
            return None

        found = section(" (validity)", 1)
        if found or pa.types.is_null(kind):
            return found
        if pa.types.is_boolean(kind):
            return section("", 1)
        if pa.types.is_fixed_size_list(kind):
            return walk(kind.value_type, np.repeat(rows, kind.list_size), path + "[]")
        if pa.types.is_struct(kind):
            for i in range(kind.num_fields):
                found = walk(kind.field(i).type, rows, f"{path}.{kind.field(i).name}")
                if found:
                    return found
            return None
        if is_list(kind) or is_variable(kind):
            start = cursor
            found = section(" (length)", 8)
            if found:
                return found
            lengths = np.frombuffer(data[start:cursor], "<u8").astype(np.int64)
            if is_list(kind):
                return walk(item_type(kind), np.repeat(rows, lengths), path + "[]")
            ends = cursor + np.cumsum(lengths)
            cursor += int(lengths.sum())
            if position < cursor:
                return f"row {rows[np.searchsorted(ends, position, side='right')]}, {path or 'value'}"
            return None
        return section("", kind.bit_width // 8)

    return walk(kind, np.arange(n), "") or "after the last row"


NAMES = {
    "halffloat": "float16", "float": "float32", "double": "float64", "string": "utf8", "large_string": "large_utf8",
    "date32[day]": "date32", "date64[ms]": "date64",
}


def type_name(kind):
    """The type as this package describes it."""
    kind = plain_type(kind)
    t = pa.types
    if t.is_timestamp(kind):
        return f"timestamp({kind.unit}{', ' + kind.tz if kind.tz else ''})"
    if t.is_time32(kind) or t.is_time64(kind) or t.is_duration(kind):
        return f"{str(kind).split('[')[0]}({kind.unit})"
    if t.is_decimal(kind):
        return f"decimal{kind.bit_width}({kind.precision}, {kind.scale})"
    if t.is_fixed_size_binary(kind):
        return f"fixed_size_binary({kind.byte_width})"
    if t.is_fixed_size_list(kind):
        return f"fixed_size_list<{type_name(kind.value_type)}, {kind.list_size}>"
    if t.is_struct(kind):
        return f"struct<{', '.join(f'{f.name}: {type_name(f.type)}' for f in kind)}>"
    if is_list(kind):
        name = "map" if t.is_map(kind) else "large_list" if t.is_large_list(kind) else "list"
        return f"{name}<{type_name(item_type(kind))}>"
    return NAMES.get(str(kind), str(kind))


def kind_name(kind):
    """A type's family, for the table of results: without units, widths and zones."""
    if pa.types.is_dictionary(kind):
        return f"dictionary<{kind_name(kind.value_type)}>"
    kind = plain_type(kind)
    t = pa.types
    if t.is_fixed_size_list(kind):
        return f"fixed_size_list<{kind_name(kind.value_type)}>"
    if t.is_struct(kind):
        return "struct"
    if is_list(kind):
        name = "map" if t.is_map(kind) else "large_list" if t.is_large_list(kind) else "list"
        return name if name == "map" else f"{name}<{kind_name(kind.value_type)}>"
    return type_name(kind).split("(")[0]

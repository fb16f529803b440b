# SPDX-License-Identifier: Apache-2.0
"""Makes the zoo: small tables of every shape that the official Lance writes, and what it reads back from them.

    <python with a pylance> Interop/zoo.py OUT [--tag NAME] [--versions 2.0,2.1,2.2] [--only TEXT]

Tables go to OUT/<tag>/<file version>/<name>.lance, what that pylance reads from them to OUT/<tag>/expected, and the
list of both, with what it could not write or not read back, to OUT/<tag>/zoo.json. The contents are the same at each
run and for each pylance. The default tag is the version of pylance. Interop/zoo_check.py compares.
"""
import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import time

import lance
import pyarrow as pa
import pyarrow.compute as pc

import zoo_encodings
import zoo_flat
import zoo_life
import zoo_lists
import zoo_pages
import zoo_text
from zoo_canonical import canonical


def tables(version_of_pylance):
    """All tables: a name and an Arrow table, a reader factory, or a function (path, file version) that makes it."""
    for module in (zoo_flat, zoo_text, zoo_lists, zoo_pages, zoo_encodings, zoo_life):
        yield from module.tables(version_of_pylance)


def is_blob(field):
    metadata = field.metadata or {}
    return b"lance-encoding:blob" in metadata or getattr(field.type, "extension_name", "") == "lance.blob.v2" or (
        metadata.get(b"ARROW:extension:name") == b"lance.blob.v2")


def blob_values(dataset, name, n):
    """The bytes of a blob column, which a plain read gives as descriptors only. `None` marks a null."""
    values = []
    for i in range(n):
        files = dataset.take_blobs(name, indices=[i])
        file = files[0] if files else None
        if file is None:
            values.append(None)
        else:
            with file:
                values.append(file.readall())
    return pa.array(values, pa.large_binary())


def read_back(path):
    """What this pylance reads: an Arrow table with the bytes of blobs in place of their descriptors."""
    dataset = lance.dataset(path)
    blobs = [field.name for field in dataset.schema if is_blob(field)]
    others = [field.name for field in dataset.schema if field.name not in blobs]
    n = dataset.count_rows()
    read = dataset.to_table(columns=others) if others else None
    if read is not None and read.num_rows != n:
        raise ValueError(f"{read.num_rows} rows read, {n} counted")
    columns = {}
    for field in dataset.schema:
        columns[field.name] = blob_values(dataset, field.name, n) if field.name in blobs else read.column(field.name)
    return pa.table(columns)


def digest(column):
    """A digest of the values of a column."""
    hash = hashlib.blake2b(digest_size=16)
    for part in canonical(column):
        hash.update(memoryview(part))
    return hash.hexdigest()


def with_plain_blobs(table):
    """The table that was to be written, with the bytes of blobs instead of the structs that carry them."""
    for i, field in enumerate(table.schema):
        if is_blob(field) and isinstance(field.type, pa.BaseExtensionType):
            carrier = pa.chunked_array([chunk.storage for chunk in table.column(i).chunks])
            table = table.set_column(i, field.name, pc.struct_field(carrier, "data"))
    return table


def unequal_columns(meant, got):
    """Columns that do not read as they were written, where the type is still the same."""
    same_type = [f.name for f in got.schema if f.name in meant.column_names and meant.schema.field(f.name).type == f.type]
    return [name for name in same_type if digest(meant.column(name)) != digest(got.column(name))]


@contextlib.contextmanager
def silent():
    """A panic in the official library prints its backtrace straight to descriptor 2."""
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


class Zoo:
    def __init__(self, root):
        self.root = root
        self.tables, self.unwritten, self.misread = [], [], []
        self.expected = {}

    def make(self, name, content, version):
        """Makes one table; where that fails, one of the columns that go well alone."""
        got, problem = self.attempt(name, content, version)
        if got is not None:
            self.record(name, content, version, got)
        elif callable(content) or content.num_columns == 1:
            self.unwritten.append(problem)
        else:
            self.make_of_good_columns(name, content, version, problem)

    def make_of_good_columns(self, name, content, version, problem):
        good = {}
        for column in content.column_names:
            alone = f"{name}.{column}"
            got, its_problem = self.attempt(alone, content.select([column]), version)
            if got is None:
                self.unwritten.append(its_problem)
            else:
                good[column] = got
        together = None
        if len(good) < content.num_columns:
            together, problem = self.attempt(name, content.select(list(good)), version)
        if together is not None:
            self.record(name, content.select(list(good)), version, together)
            for column in good:
                shutil.rmtree(self.path(f"{name}.{column}", version))
        else:
            self.unwritten.append(problem)
            for column, got in good.items():
                self.record(f"{name}.{column}", content.select([column]), version, got)

    def path(self, name, version):
        return self.root / version / f"{name}.lance"

    def attempt(self, name, content, version):
        """Writes a table and reads it back: what was read, or what went wrong."""
        path = self.path(name, version)
        stage = "write"
        try:
            with silent():
                if callable(content):
                    content(str(path), version)
                else:
                    lance.write_dataset(content, str(path), data_storage_version=version)
                stage = "read back"
                return read_back(str(path)), None
        except BaseException as error:  # panics of the official library are no Exceptions
            if isinstance(error, KeyboardInterrupt):
                raise
            shutil.rmtree(path, ignore_errors=True)
            text = (str(error).strip() or repr(error)).splitlines()[0][:300]
            return None, {"name": name, "version": version, "stage": stage, "error": text}

    def record(self, name, content, version, got):
        entry = {"name": name, "version": version, "table": f"{version}/{name}.lance",
                 "expected": self.keep(name, version, got), "rows": got.num_rows, "columns": got.num_columns}
        misread = []
        if not callable(content):
            content = with_plain_blobs(content)
            misread = unequal_columns(content, got)
        if misread:
            self.misread += [{"name": name, "version": version, "column": column} for column in misread]
            entry["meant"] = self.keep(f"{name}.meant", version, content.select(misread))
        self.tables.append(entry)

    def keep(self, name, version, table):
        """Stores values, once for all file versions that have the same."""
        known = self.expected.setdefault(name, {})
        key = str([(field.name, str(field.type), digest(table.column(field.name))) for field in table.schema])
        if key not in known:
            known[key] = f"expected/{name}{'.' + version if known else ''}.arrow"
            options = pa.ipc.IpcWriteOptions(compression="zstd")
            with pa.OSFile(str(self.root / known[key]), "wb") as file:
                with pa.ipc.new_file(file, table.schema, options=options) as out:
                    out.write_table(table)
        return known[key]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--tag", default=lance.__version__)
    parser.add_argument("--versions", default="2.0,2.1,2.2")
    parser.add_argument("--only", default="", help="only tables with this in their names")
    arguments = parser.parse_args()
    root = arguments.out / arguments.tag
    versions = arguments.versions.split(",")
    shutil.rmtree(root, ignore_errors=True)
    for part in [*versions, "expected"]:
        (root / part).mkdir(parents=True)
    zoo = Zoo(root)
    began, spent = time.time(), time.process_time()
    for name, content in tables(lance.__version__):
        if arguments.only in name:
            for version in versions:
                zoo.make(name, content, version)
    size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
    summary = {"pylance": lance.__version__, "seconds": round(time.time() - began),
               "cpu_seconds": round(time.process_time() - spent), "megabytes": size >> 20,
               "columns": sum(table["columns"] for table in zoo.tables)}
    (root / "zoo.json").write_text(json.dumps(
        {**summary, "tables": zoo.tables, "unwritten": zoo.unwritten, "misread": zoo.misread}, indent=1))
    print(f"{arguments.tag}: {len(zoo.tables)} tables, {len(zoo.unwritten)} not written or not read back, "
          f"{len(zoo.misread)} columns read back otherwise than written; {summary}")


if __name__ == "__main__":
    main()

"""Tests the Parquet splice on files of real writers with every reader at hand.

Run: ROBOMERGE_PARQUET_TOOL=<build>/tests/splice/parquet_tool python -m pytest tests/splice

What must hold of a splice: every reader sees the rows of the sources, in order, under the schema
and key-value metadata of the first; filters find the same rows; every page index entry points at a
page of its size. Each kind of file is spliced as it is (chunks copied), with new values for two
columns, and regrouped (decoded), in both layouts.
"""

import datetime
import io
import json
import os
import random
import subprocess

import pytest

pa = pytest.importorskip("pyarrow")
pc = pytest.importorskip("pyarrow.compute")
pq = pytest.importorskip("pyarrow.parquet")


def optional(name):
    try:
        return __import__(name)
    except ImportError:
        return None


pandas = optional("pandas")
datasets = optional("datasets")
duckdb = optional("duckdb")
polars = optional("polars")

TOOL = os.environ.get("ROBOMERGE_PARQUET_TOOL")
pytestmark = pytest.mark.skipif(not TOOL, reason="ROBOMERGE_PARQUET_TOOL does not name the parquet_tool program")

SOURCES = 3
ROWS = [120, 77, 200]
EPISODE = 30  # rows


def tool(*arguments):
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def plain_table(source, rows):
    rng = random.Random(source)
    return pa.table(
        {
            "action": pa.array([[rng.random() for _ in range(7)] for _ in range(rows)], pa.list_(pa.float32())),
            "reward": pa.array([rng.random() for _ in range(rows)], pa.float64()),
            "timestamp": pa.array([k % EPISODE / 30 for k in range(rows)], pa.float32()),
            "episode_index": pa.array([k // EPISODE for k in range(rows)], pa.int64()),
            "index": pa.array(range(rows), pa.int64()),
        }
    )


def with_column(table, name, values):
    return table.add_column(1, name, values)


def nulls_table(source, rows):
    rng = random.Random(source)

    def some(value):
        return None if rng.random() < 0.2 else value

    t = plain_table(source, rows)
    t = with_column(t, "text", pa.array([some(f"word {rng.randrange(9)}") for _ in range(rows)]))
    t = with_column(t, "dictionary", pa.array([some(rng.choice("abc")) for _ in range(rows)]).dictionary_encode())
    t = with_column(t, "done", pa.array([some(rng.random() < 0.5) for _ in range(rows)], pa.bool_()))
    t = with_column(t, "small", pa.array([some(rng.randrange(256)) for _ in range(rows)], pa.uint8()))
    t = with_column(t, "when", pa.array([some(datetime.datetime(2024, 1, 1) + datetime.timedelta(milliseconds=k)) for k in range(rows)], pa.timestamp("us")))
    t = with_column(t, "lists", pa.array([some([some(float(k)) for k in range(rng.randrange(4))]) for _ in range(rows)], pa.list_(pa.float32())))
    return with_column(t, "images", pa.array([some({"bytes": some(bytes([k % 256] * 50)), "path": some(f"{k}.png")}) for k in range(rows)]))


def cast(types):
    def make(source, rows):
        table = plain_table(source, rows)
        for name, type_ in types.items():
            index = table.column_names.index(name)
            table = table.set_column(index, name, table.column(index).cast(type_))
        return table

    return make


def write_plain(table, path, **options):
    pq.write_table(table, path, row_group_size=EPISODE, **options)


def writer(**options):
    return lambda table, path: write_plain(table, path, **options)


def write_pandas(table, path):
    pytest.importorskip("pandas")
    table.to_pandas().to_parquet(path, row_group_size=EPISODE)


def write_polars(table, path):
    pytest.importorskip("polars").from_arrow(table).write_parquet(path, row_group_size=EPISODE)


def write_duckdb(table, path):
    database = pytest.importorskip("duckdb").connect()
    database.register("rows", table)
    database.execute(f"copy (select * from rows) to '{path}' (format parquet, row_group_size 2048)")


def write_row_group_per_episode(table, path):
    with pq.ParquetWriter(path, table.schema, compression="snappy", use_dictionary=True) as out:
        for episode in pc.unique(table["episode_index"]).to_pylist():
            out.write_table(table.filter(pc.equal(table["episode_index"], episode)))


def write_with_empty_row_groups(table, path):
    with pq.ParquetWriter(path, table.schema) as out:
        out.write_table(table.slice(0, 0))
        out.write_table(table.slice(0, EPISODE))
        out.write_table(table.slice(0, 0))
        out.write_table(table.slice(EPISODE))


def require_datasets():
    return pytest.importorskip("datasets")


def hf_image_table(source, rows):
    rng = random.Random(source)
    table = plain_table(source, rows)
    cells = [{"bytes": PNG + bytes(rng.randrange(256) for _ in range(300)), "path": f"frame-{k:06d}.png"} for k in range(rows)]
    return table.append_column("image", pa.array(cells, pa.struct({"bytes": pa.binary(), "path": pa.string()})))


def write_hf(extra):
    def write(table, path):
        ds = require_datasets()
        length_7 = ds.List(ds.Value("float32"), length=7) if hasattr(ds, "List") else ds.Sequence(ds.Value("float32"), length=7)
        features = ds.Features(
            {
                "action": length_7,
                "reward": ds.Value("float64"),
                "timestamp": ds.Value("float32"),
                "episode_index": ds.Value("int64"),
                "index": ds.Value("int64"),
                **extra(ds),
            }
        )
        rows = {name: table[name].to_pylist() for name in table.column_names}
        ds.Dataset.from_dict(rows, features=features).to_parquet(path, batch_size=EPISODE)

    return write


def array2d_table(source, rows):
    table = plain_table(source, rows)
    cells = [[[float(k), 1.0, 2.0], [3.0, 4.0, float(-k)]] for k in range(rows)]
    return table.append_column("pose", pa.array(cells))


PNG = b"\x89PNG\r\n\x1a\n"
FIXED = {"action": pa.list_(pa.float32(), 7)}

# name: (table of a source, how it is written)
KINDS = {
    "plain": (plain_table, writer()),
    "zstd": (plain_table, writer(compression="zstd")),
    "gzip_checksums": (plain_table, writer(compression="gzip", write_page_checksum=True)),
    "uncompressed": (plain_table, writer(compression="none")),
    "codec_per_column": (plain_table, writer(compression={"reward": "zstd", "index": "gzip"})),
    "pages_v2_indexed": (plain_table, writer(data_page_version="2.0", write_page_index=True, compression="zstd")),
    "many_tiny_pages": (plain_table, writer(data_page_size=64, write_batch_size=4, write_page_index=True)),
    "byte_stream_split": (plain_table, writer(use_dictionary=False, column_encoding={"reward": "BYTE_STREAM_SPLIT", "index": "DELTA_BINARY_PACKED"})),
    "no_statistics": (plain_table, writer(write_statistics=False)),
    "no_arrow_schema": (plain_table, writer(store_schema=False)),
    "version_1_0": (plain_table, writer(version="1.0")),
    "large_list": (cast({"action": pa.large_list(pa.float32())}), writer()),
    "fixed_size_list": (cast(FIXED), writer()),
    "fixed_size_list_v2": (cast(FIXED), writer(data_page_version="2.0")),
    "nulls": (nulls_table, writer()),
    "nulls_indexed": (nulls_table, writer(write_page_index=True, data_page_size=256, write_batch_size=16)),
    "large_strings": (lambda s, n: with_column(plain_table(s, n), "t", pa.array([str(k) for k in range(n)], pa.large_string())), writer()),
    "string_view": (lambda s, n: with_column(plain_table(s, n), "t", pa.array([str(k) for k in range(n)], pa.string_view())), writer()),
    "sorted": (plain_table, writer(sorting_columns=[pq.SortingColumn(4)])),
    "content_defined_chunks": (plain_table, writer(use_content_defined_chunking=True)),
    "bloom_filter": (plain_table, writer(bloom_filter_options={"index": {"ndv": 100}})),
    "pandas": (plain_table, write_pandas),
    "polars": (plain_table, write_polars),
    "duckdb": (plain_table, write_duckdb),
    "row_group_per_episode": (cast(FIXED), write_row_group_per_episode),
    "images_row_group_per_episode": (hf_image_table, write_row_group_per_episode),
    "empty_row_groups": (plain_table, write_with_empty_row_groups),
    "hf": (plain_table, write_hf(lambda ds: {})),
    "hf_image": (hf_image_table, write_hf(lambda ds: {"image": ds.Image()})),
    "hf_array2d": (array2d_table, write_hf(lambda ds: {"pose": ds.Array2D(shape=(2, 3), dtype="float64")})),
}


@pytest.fixture(scope="module", params=sorted(KINDS))
def kind(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    table_of, write = KINDS[request.param]
    paths = []
    for source in range(SOURCES):
        path = str(folder / f"source-{source}.parquet")
        try:
            write(table_of(source, ROWS[source]), path)
        except TypeError as error:
            pytest.skip(f"this pyarrow cannot write it: {error}")
        paths.append(path)
    return request.param, paths


def replaced(table, first):
    for name, step in (("index", 1), ("episode_index", 2)):
        column = table.column_names.index(name)
        values = pa.array([first + k * step for k in range(len(table))], pa.int64())
        table = table.set_column(column, table.schema.field(column), values)
    return table


MODES = {
    "copied": [],
    "replaced": ["--replace", "index=1000,1", "--replace", "episode_index=1000,2"],
    "regrouped": ["--regroup", "episode_index"],
}


def expectation(paths, mode):
    table = pa.concat_tables([pq.read_table(path) for path in paths])
    if mode == "replaced":
        table = replaced(table, 1000)
    return table.replace_schema_metadata(pq.read_table(paths[0]).schema.metadata)


@pytest.fixture(scope="module", params=[f"{mode}-{align}" for mode in ("copied", "replaced", "regrouped") for align in (1, 4096)])
def spliced(request, kind, tmp_path_factory):
    name, paths = kind
    mode, align = request.param.split("-")
    out = str(tmp_path_factory.mktemp("out") / "out.parquet")
    report = tool("splice", out, "--align", align, *MODES[mode], *paths)
    assert report["file_size_bytes"] == os.path.getsize(out)
    return name, mode, paths, out, report


def test_tables_are_equal_with_their_metadata(spliced):
    name, mode, paths, out, report = spliced
    expected = expectation(paths, mode)
    for memory_map in (False, True):
        actual = pq.read_table(out, memory_map=memory_map, page_checksum_verification=True)
        assert actual.equals(expected)
        assert actual.schema.equals(expected.schema, check_metadata=True)
        actual.validate(full=True)
    first = pq.read_metadata(paths[0])
    assert pq.read_metadata(out).metadata == first.metadata
    assert pq.read_metadata(out).created_by == first.created_by
    if mode != "regrouped":
        assert report["num_chunks_decoded"] == 0


def test_row_groups_read_one_by_one(spliced):
    _, mode, paths, out, _ = spliced
    expected = expectation(paths, mode)
    with pq.ParquetFile(out) as file:
        row = 0
        for number in range(file.num_row_groups):
            part = file.read_row_group(number)
            assert len(part) > 0
            assert part.equals(expected.slice(row, len(part)).combine_chunks())
            row += len(part)
            if mode == "regrouped":
                assert len(set(part["episode_index"].to_pylist())) == 1
    assert row == len(expected)


def test_statistics_are_those_of_the_values(spliced):
    _, _, _, out, _ = spliced
    with pq.ParquetFile(out) as file:
        for number in range(file.num_row_groups):
            part = file.read_row_group(number, columns=["index", "episode_index"])
            metadata = file.metadata.row_group(number)
            for leaf in range(metadata.num_columns):
                chunk = metadata.column(leaf)
                if chunk.path_in_schema in part.column_names and chunk.is_stats_set and chunk.statistics.has_min_max:
                    values = part[chunk.path_in_schema].to_pylist()
                    assert (chunk.statistics.min, chunk.statistics.max) == (min(values), max(values))


def test_filters_find_the_same_rows(spliced):
    _, mode, paths, out, _ = spliced
    expected = expectation(paths, mode)
    low = 1040 if mode == "replaced" else 40
    columns = [field.name for field in expected.schema if "view" not in str(field.type)]  # pyarrow cannot filter views
    wanted = expected.select(columns).filter((pc.field("index") >= low) & (pc.field("index") < low + 33))
    actual = pq.read_table(out, columns=columns, filters=[("index", ">=", low), ("index", "<", low + 33)])
    assert len(actual) > 0 and actual.equals(wanted)


def test_pandas_reads_it(spliced):
    pytest.importorskip("pandas")
    _, mode, paths, out, _ = spliced
    actual = pandas.read_parquet(out)
    assert actual["index"].tolist() == expectation(paths, mode)["index"].to_pylist()


def test_datasets_reads_it(spliced, tmp_path):
    ds = require_datasets()
    name, mode, paths, out, _ = spliced
    if mode == "copied" and not name.startswith("hf"):
        pytest.skip("one way of splicing is enough where datasets did not write the file")
    if name == "string_view":
        pytest.skip("datasets does not know string_view, in the sources neither")
    loaded = ds.Dataset.from_parquet(out, cache_dir=str(tmp_path))
    expected = expectation(paths, mode)
    assert loaded["index"][:] == expected["index"].to_pylist()
    if name.startswith("hf"):
        assert loaded.features == ds.Dataset.from_parquet(paths[0], cache_dir=str(tmp_path)).features
        assert loaded.with_format("arrow")[:].column("action").to_pylist() == expected["action"].to_pylist()


def test_duckdb_reads_it(spliced):
    if duckdb is None:
        pytest.skip("duckdb is not installed")
    _, mode, paths, out, _ = spliced
    expected = expectation(paths, mode)
    database = duckdb.connect()
    assert [row[0] for row in database.execute(f"select index from '{out}'").fetchall()] == expected["index"].to_pylist()
    middle = expected["index"][len(expected) // 2].as_py()
    count = expected["index"].to_pylist().count(middle)
    assert database.execute(f"select count(*) from '{out}' where index = {middle}").fetchall() == [(count,)]


def test_polars_reads_it(spliced):
    if polars is None:
        pytest.skip("polars is not installed")
    _, mode, paths, out, _ = spliced
    expected = expectation(paths, mode)
    assert polars.read_parquet(out, columns=["index"])["index"].to_list() == expected["index"].to_pylist()
    middle = expected["index"][len(expected) // 2].as_py()
    count = expected["index"].to_pylist().count(middle)
    assert polars.scan_parquet(out).filter(polars.col("index") == middle).collect().height == count


def test_sources_of_every_pair_of_list_types_fit_together(tmp_path):
    """Any list type is copied into a list; into a fixed size it is decoded and its lengths are
    checked."""
    types = {"list": pa.list_(pa.float32()), "large": pa.large_list(pa.float32()), "fixed": pa.list_(pa.float32(), 7)}
    for name, type_ in types.items():
        write_plain(cast({"action": type_})(0, 50), tmp_path / f"{name}.parquet")
    for first in types:
        for second in types:
            out = tmp_path / f"{first}-{second}.parquet"
            report = tool("splice", out, tmp_path / f"{first}.parquet", tmp_path / f"{second}.parquet")
            table = pq.read_table(out)
            assert table.schema.field("action").type.equals(types[first])
            assert table["action"].to_pylist() == 2 * plain_table(0, 50)["action"].to_pylist()
            proven = first == "fixed" and second != "fixed"
            assert report["num_chunks_decoded"] == (2 if proven else 0)  # two row groups


def test_a_list_of_another_length_does_not_enter_a_fixed_size(tmp_path):
    write_plain(cast(FIXED)(0, 20), tmp_path / "a.parquet")
    write_plain(plain_table(0, 20).set_column(0, "action", pa.array([[1.0]] * 20, pa.list_(pa.float32()))), tmp_path / "b.parquet")
    done = subprocess.run([TOOL, "splice", tmp_path / "out.parquet", tmp_path / "a.parquet", tmp_path / "b.parquet"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "column `action` cannot be converted" in done.stderr and "b.parquet" in done.stderr


def test_other_widths_and_nullability_are_decoded_column_by_column(tmp_path):
    write_plain(plain_table(0, 50), tmp_path / "a.parquet")
    write_plain(cast({"reward": pa.float32(), "index": pa.int32()})(1, 50), tmp_path / "b.parquet")
    required = plain_table(2, 50)
    write_plain(required.cast(pa.schema([field.with_nullable(False) for field in required.schema])), tmp_path / "c.parquet")
    out = tmp_path / "out.parquet"
    report = tool("splice", out, *[tmp_path / f"{name}.parquet" for name in "abc"])
    table = pq.read_table(out)
    assert table.schema.equals(plain_table(0, 1).schema)
    assert table["index"].to_pylist() == 3 * list(range(50))
    expected = pa.concat_arrays([plain_table(s, 50)["reward"].combine_chunks() for s in (0, 1, 2)]).to_pylist()
    assert table["reward"].to_pylist() == pytest.approx(expected, rel=1e-6)
    assert table["action"].to_pylist()[100:] == required["action"].to_pylist()
    assert report["num_chunks_decoded"] == 2 * 2 + 2 * 5


def test_unregistered_extension_types_pass_the_decoding(tmp_path):
    """Array2D of datasets and arrow.json are storage types with field metadata to us."""
    field = pa.field("pose", pa.list_(pa.list_(pa.float64())),
                     metadata={"ARROW:extension:name": "datasets.features.features.Array2DExtensionType", "ARROW:extension:metadata": '[[2, 3], "float64"]'})
    table = array2d_table(0, 60)
    table = table.set_column(table.column_names.index("pose"), field, table["pose"])
    if hasattr(pa, "json_"):
        calls = pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(['{"a": 1}'] * 60))
        table = table.append_column("calls", pa.ListArray.from_arrays(pa.array(range(61), pa.int32()), calls))
    pq.write_table(table, tmp_path / "a.parquet")
    out = tmp_path / "out.parquet"
    report = tool("splice", out, "--regroup", "episode_index", tmp_path / "a.parquet", tmp_path / "a.parquet")
    assert report["num_chunks_decoded"] > 0
    expected = pq.read_table(tmp_path / "a.parquet")
    actual = pq.read_table(out)
    assert actual.schema.equals(expected.schema, check_metadata=True)
    assert actual.equals(pa.concat_tables([expected, expected]))


def test_narrow_columns_forced_to_int64(tmp_path):
    write_plain(cast({"index": pa.int32(), "episode_index": pa.int16()})(0, 50), tmp_path / "a.parquet")
    write_plain(plain_table(1, 50), tmp_path / "b.parquet")
    out = tmp_path / "out.parquet"
    tool("splice", out, "--int64", "index", "--int64", "episode_index", "--replace", "index=5,1", tmp_path / "a.parquet", tmp_path / "b.parquet")
    table = pq.read_table(out)
    assert table.schema.field("index").type == pa.int64() and table.schema.field("episode_index").type == pa.int64()
    assert table["index"].to_pylist() == list(range(5, 105))
    assert table["episode_index"].to_pylist() == 2 * plain_table(0, 50)["episode_index"].to_pylist()


def test_a_table_with_a_pandas_index(tmp_path):
    pytest.importorskip("pandas")
    out = tmp_path / "tasks.parquet"
    tool("tasks", out, "stack the cups", 'say "hi"\\', "öffne die Tür")
    frame = pandas.read_parquet(out)
    assert frame.index.name == "task"
    assert frame.index.tolist() == ["stack the cups", 'say "hi"\\', "öffne die Tür"]
    assert frame.columns.tolist() == ["task_index"] and frame["task_index"].dtype == "int64"
    assert pq.read_schema(out).names == ["task_index", "task"]
    frame.to_parquet(io.BytesIO())


def test_bytes_do_not_depend_on_the_run(tmp_path):
    for source in range(2):
        write_plain(nulls_table(source, 100), tmp_path / f"{source}.parquet")
    outs = []
    for run in range(2):
        out = tmp_path / f"out-{run}.parquet"
        tool("splice", out, "--regroup", "episode_index", "--replace", "index=0,1", tmp_path / "0.parquet", tmp_path / "1.parquet")
        outs.append(out.read_bytes())
    assert outs[0] == outs[1]


def test_a_truncated_source_is_refused(tmp_path):
    write_plain(plain_table(0, 100), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(content[:4] + content[1000:])  # the footer is whole, the data is not
    done = subprocess.run([TOOL, "splice", tmp_path / "out.parquet", tmp_path / "b.parquet"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "lies outside the data of the file" in done.stderr and "b.parquet" in done.stderr

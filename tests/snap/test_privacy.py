"""What a snapshot may not hold: values of the program."""

import subprocess
import sys
import zlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fresh import MODES, run

from snap.naming.gibberish import looks_like_data
from snap.naming.text import is_telling

PROGRAM = """
    import os, sys, threading
    import snap
    mode, path = ARGUMENTS["mode"], ARGUMENTS["path"]
    word = ARGUMENTS["word"]

    class Holder:
        pass

    holder = Holder()
    holder.text = f"{word} in a value"
    holder.raw = f"{word} in bytes".encode()
    holder.keys = {f"{word} in a key": 1, f"{word}@example.org": 2, (word, 1): 3}
    holder.long = {word * 20: 1}
    holder.error = ValueError(f"{word} in an error")
    Holder.__doc__ = f"{word} in a docstring"
    os.environ["SECRET"] = f"{word} in the environment"
    sys.argv.append(f"--password={word}")

    def wait(argument):
        local = f"{word} in a local variable"
        begun.release()
        done.acquire()

    begun, done = threading.Lock(), threading.Lock()
    begun.acquire(), done.acquire()
    thread = threading.Thread(target=wait, args=(f"{word} in an argument",))
    thread.start()
    begun.acquire()
    snap.capture(path, mode=mode)
    done.release()
    tell(None)
"""
WORD = "hunter2-Zebra"


@pytest.mark.parametrize("mode", MODES)
def test_no_value_of_the_program_is_in_the_file(tmp_path, mode):
    path = tmp_path / "heap.parquet"
    run(PROGRAM, {"mode": mode, "path": str(path), "word": WORD})

    # Not compressed, not encoded: every byte of every text of the file lies in its columns.
    file = pq.ParquetFile(path)
    plain = [str(file.metadata.metadata)]
    for group in range(file.num_row_groups):
        for column in file.read_row_group(group).columns:
            texts = column.combine_chunks()
            while hasattr(texts, "values"):
                texts = texts.values
            texts = texts.dictionary if hasattr(texts, "dictionary") else texts
            plain.append(str(set(texts.to_pylist())))
    text = "\n".join(plain)
    assert "Holder" in text
    assert WORD not in text
    assert WORD.encode() not in path.read_bytes()


@pytest.mark.parametrize("mode", MODES)
def test_keys_that_are_identifiers_are_names(tmp_path, mode):
    path = tmp_path / "heap.parquet"
    run(PROGRAM, {"mode": mode, "path": str(path), "word": "an_identifier"})

    file = pq.ParquetFile(path)
    names = {
        name
        for group in range(file.num_row_groups)
        for row in file.read_row_group(group, ["names"])["names"].to_pylist()
        for name in row
    }
    # A value that is never a key does not become a name.
    assert "holder" in names
    assert not any(name and name.startswith("an_identifier") for name in names)


VALUES = """
    import snap
    mode, path, values = ARGUMENTS

    class Text(str):
        def __repr__(self):
            raise RuntimeError

    made = {
        "two words": f"a text {id(mode)}",
        "long": f"{id(mode)} " * 99,
        "bytes": f"{id(mode)}".encode(),
        "float": id(mode) / 7,
        "int": 3 ** (len(mode) * 9),
        "huge": 1 << 10_000 + len(mode),
        "bool": True,
        "text of ours": Text("secret"),
        "list": ["x"],
        12.5: ["under a number"],
    }
    snap.capture(path, mode=mode, values=values)
    tell([id(made), [[repr(key), id(each)] for key, each in made.items()],
          {key: repr(made[key]) for key in ("two words", "bytes", "float", "int")}])
"""


def rows_of(path):
    file = pq.ParquetFile(path)
    groups = range(file.num_row_groups)
    return {row["address"]: row for n in groups for row in file.read_row_group(n).to_pylist()}


@pytest.mark.parametrize("mode", MODES)
def test_values_that_were_asked_for_are_short_and_of_plain_types(tmp_path, mode):
    path = tmp_path / "heap.parquet"
    made, items, plain = run(VALUES, [mode, str(path), "short"])

    rows = rows_of(path)
    values = {key[1:-1]: rows[address]["value"] for key, address in items if key[0] == "'"}
    assert {key: values[key] for key in plain} == plain
    assert values["long"].endswith("…")
    assert max(len(row["value"] or "") for row in rows.values()) < 400
    assert values["huge"].startswith("int of 100")
    assert [values[key] for key in ("bool", "text of ours", "list")] == [None] * 3
    names = dict(zip(rows[made]["referents"], rows[made]["names"], strict=False))
    by_key = {key: names[address] for key, address in items}
    assert by_key["'two words'"] == "'two words'"
    assert by_key["'list'"] == "list"
    assert by_key["12.5"] == "12.5"


def test_no_column_of_values_unless_asked_for(tmp_path):
    path = tmp_path / "heap.parquet"
    run(VALUES, ["fork", str(path), "none"])

    assert "value" not in pq.read_schema(path).names


def test_another_word_for_values_is_refused(tmp_path):
    import snap

    with pytest.raises(ValueError, match="values is 'all', expected one of 'none', 'short'"):
        snap.capture(tmp_path / "heap.parquet", values="all")


# What of the environment and the command line the interpreter keeps, and what programs make of it.
UNASKED = """
    import os, sys
    import snap
    mode, path, hidden = ARGUMENTS
    if hidden:
        sys.path.insert(0, hidden)
    secret = "".join(["hunter2", "Zebra"])
    os.environ["API_TOKEN"] = f"{secret} of the environment"
    os.environ[f"{secret}_NAME"] = "1"
    os.environb[f"{secret} in bytes".encode()] = f"{secret} in bytes".encode()
    sys.argv.append(f"--password={secret} of argv")
    sys.orig_argv.append(f"--password={secret} of orig_argv")
    held = [os.environ["API_TOKEN"], sys.argv[-1].partition("=")[2], dict(os.environ)]
    held.append(os.environ["API_TOKEN"].encode())
    held.append("".join(["asked", " for"]))
    del secret
    tell(snap.capture(path, mode=mode, values="short").path)
"""


@pytest.mark.parametrize("raw", [False, True], ids=["parquet", "raw"])
@pytest.mark.parametrize("mode", MODES)
def test_values_asked_for_leave_out_the_environment_and_the_command_line(tmp_path, mode, raw):
    (tmp_path / "numpy.py").write_text("raise ImportError('hidden')\n")
    hidden = str(tmp_path) if raw else None
    environment = {"STARTED_WITH": "hunter2Zebra at the start"}

    path = run(UNASKED, [mode, str(tmp_path / "heap.parquet"), hidden], environment=environment)

    assert path.endswith(".snapraw") == raw
    contents = contents_of(path)
    assert b"'asked for'" in contents
    assert b"hunter2Zebra" not in contents


# Secrets of types whose first words hold values or their hashes, and what lies there: parts of
# memory that hold more than a count of items.
SECRETS = """
    import ctypes, datetime, decimal, sys
    import snap
    mode, path, hidden = ARGUMENTS
    if hidden:
        sys.path.insert(0, hidden)
    seed = int("7182818284590452353602874713526624")
    secrets = [
        [seed % (1 << 29), 16, 28],
        [-(seed % (1 << 28)), 16, 28],
        [seed, 24, 40],
        [seed / 7e33, 16, 24],
        [complex(seed, -seed / 3), 16, 32],
        [str(seed).encode(), 24, 32],
        [str(seed).encode(), 32, 40],
        [str(seed), 24, 32],
        [str(seed) + "é", 24, 32],
        [datetime.datetime.fromtimestamp(seed % (1 << 31)), 16, 24],
        [decimal.Decimal(seed) / 3, 16, 24],
    ]
    for secret, _, _ in secrets:
        hash(secret)
    path = snap.capture(path, mode=mode).path
    told = [ctypes.string_at(id(each) + start, end - start) for each, start, end in secrets]
    told += [str(seed % (1 << 29)).encode(), str(seed).encode(), repr(seed / 7e33).encode()]
    tell([path, [id(each) for each, _, _ in secrets], [each.hex() for each in told]])
"""


def contents_of(path):
    """Give all bytes of a file's columns, or of the messages of a raw one."""
    if path.endswith(".snapraw"):
        return zlib.decompress(Path(path).read_bytes()[12:])
    table = pq.read_table(path)
    chunks = [chunk for column in table.columns for chunk in column.chunks]
    parts = []
    while chunks:
        chunk = chunks.pop()
        if hasattr(chunk, "dictionary"):
            chunks += [chunk.dictionary, chunk.indices]
        elif hasattr(chunk, "values"):
            chunks.append(chunk.values)
        else:
            parts += [buffer.to_pybytes() for buffer in chunk.buffers() if buffer is not None]
    return b"\n".join([*parts, str(table.schema.metadata).encode()])


@pytest.mark.parametrize("raw", [False, True], ids=["parquet", "raw"])
@pytest.mark.parametrize("mode", MODES)
def test_no_word_of_memory_that_holds_a_value_is_in_the_file(tmp_path, mode, raw):
    (tmp_path / "numpy.py").write_text("raise ImportError('hidden')\n")
    hidden = str(tmp_path) if raw else None
    path, addresses, secrets = run(SECRETS, [mode, str(tmp_path / "heap.parquet"), hidden])

    assert path.endswith(".snapraw") == raw
    contents = contents_of(path)
    assert all(address.to_bytes(8, "little") in contents for address in addresses)
    assert [secret for secret in secrets if bytes.fromhex(secret) in contents] == []


# Of each kind of secret that reads as an identifier; and names of people, which look like any.
TOKENS = [
    "sk_live_51H8abcdEFGH",
    "AKIAIOSFODNN7EXAMPLE",
    "a3f5c9d2e1b04f77",
    "d41d8cd98f00b204e9800998ecf8427e",
    "MFRGGZDFMZTWQ2LKQXZ3",
    "ghp_hSzkqYtyOwJAJGFzjVW4oewGqqLxkWVaNWSU",
    "order_10023455",
]
PEOPLE = ["alicia_quux", "bobquux"]

# Literals are interned as names are: from its source, the program has the tokens so.
EVERYWHERE = """
    import asyncio, atexit, collections, contextvars, os, sys, threading, types, weakref
    import snap
    path, hidden, people = ARGUMENTS
    if hidden:
        sys.path.insert(0, hidden)
    tokens = LITERALS

    class Session:
        pass

    class Mapping(dict):
        pass

    def call(**given):
        return lambda: given

    made = [bytes(each, "ascii").decode() for each in (*tokens, *people)]
    made += [f"{each} in a text" for each in made]
    held = {}
    for each in (*tokens, *made):
        session = Session()
        session.token, session.raw, session.error = each, each.encode(), ValueError(each)
        session.many = [[each], (each,), {each}, {each: each}, {(each, 1): each}]
        session.many += [Mapping({each: 1})]
        session.many += [collections.deque([each]), collections.Counter([each]), call(**{each: 1})]
        session.many += [collections.OrderedDict([(each, each)]), types.MappingProxyType({each: 1})]
        session.many += [collections.defaultdict(list, {each: [each]}), types.SimpleNamespace()]
        vars(session.many[-1])[each] = each
        Session.__doc__ = session.__doc__ = each
        contextvars.ContextVar("variable").set(each)
        atexit.register(len, each)
        held[each] = session
        os.environ["SECRET"] = each
        sys.argv.append(f"--password={each}")
    for each in tokens:
        setattr(session, each, each)
        globals()[each] = each
        held[sys.intern(each)] = sys.intern(each)
    weak = weakref.WeakValueDictionary({each: held[each] for each in people})
    many = [[number] for number in range(200_000)]

    def wait(argument):
        local = argument
        begun.release()
        done.acquire()

    async def serve(argument):
        await asyncio.sleep(3600)

    async def main():
        tasks = [asyncio.create_task(serve(each), name=f"task of {each}") for each in tokens]
        tasks.append(asyncio.create_task(serve(1), name="task of quux@example.org"))
        await asyncio.sleep(0)
        try:
            raise LookupError(made)
        except LookupError as error:
            tell(snap.capture(path).path)

    begun, done = threading.Semaphore(0), threading.Semaphore(0)
    for each in tokens:
        threading.Thread(target=wait, args=(each,), name=f"session-{each}", daemon=True).start()
        begun.acquire()
    asyncio.run(main())
"""


@pytest.mark.parametrize("raw", [False, True], ids=["parquet", "raw"])
def test_no_secret_is_in_any_file_that_is_written(tmp_path, raw):
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "numpy.py").write_text("raise ImportError('hidden')\n")
    out = tmp_path / "out"
    out.mkdir()
    program = EVERYWHERE.replace("LITERALS", repr(TOKENS))
    hidden = str(tmp_path / "hidden") if raw else None

    path = run(program, [str(out / "heap.parquet"), hidden, PEOPLE], folder=tmp_path)

    written = {path: contents_of(path)}
    if not raw:
        analyze = Path(sys.executable).parent / "analyze"
        for more in (["--html", str(out / "page.html")], ["--json"]):
            command = [analyze, "report", path, *more]
            done = subprocess.run(command, capture_output=True, timeout=120)
            assert done.returncode == 0, done.stderr
            written[" ".join(more)] = done.stdout + done.stderr
    for each in out.rglob("*"):
        if each.is_file():
            written[str(each)] = written.get(str(each), b"") + each.read_bytes()
    assert len(written) >= (1 if raw else 6)
    assert b"Session" in written[path]
    told = [
        (name, word)
        for name, text in written.items()
        for word in [*TOKENS, *PEOPLE, "quux"]
        if word.encode() in text
    ]
    assert told == []


def test_names_are_kept_and_what_looks_like_data_is_not():
    names = "user_id SESSIONS b64encode utf_8 sha256 _x86_64 AsUTF8String i18n ZipFile iso8859_15"
    names += " __init__ HTTPSConnection conv2d getattr xmlrpc_client XMLHttpRequest SIGWINCH"

    assert [name for name in names.split() if looks_like_data(name)] == []
    assert [token for token in TOKENS if not looks_like_data(token)] == []
    # Made at run time, neither is a name of the program's.
    assert not is_telling("".join(["user", "_id"]))
    assert is_telling("user_id")

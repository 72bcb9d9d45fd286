"""Where tasks and threads pile up: grouped by what they do and where they wait."""

import json

from commands import run_analyze
from snapshot_file import Object, write

from analyze import compare, load, report
from analyze.render.html import growth_page, report_page
from analyze.render.sentences import growth_sentences, report_sentences
from analyze.suspects.activity import activity

LIBRARY = "/usr/lib/python3.11/asyncio/locks.py"
HANDLE = ("handle", "/srv/app.py", 12)
ACQUIRE = ("acquire", LIBRARY, 114)
POLL = ("poll", "/srv/app.py", 30)


HEAP = [Object("dict", 64, root="module app")]


def calls(*stack):
    return [{"function": name, "file": file, "line": line} for name, file, line in stack]


def facts(*groups, threads=()):
    """Facts of a process with groups of tasks, (count, call, …), and threads, (call, …)."""
    told = [{"count": count, "stack": calls(*stack)} for count, *stack in groups]
    return {
        "tasks_waiting": sum(group["count"] for group in told),
        "task_groups": told,
        "threads": [
            {"name": "worker", "ident": 1, "stack": calls(*reversed(stack))} for stack in threads
        ],
    }


def heap(path, told):
    return load(write(path, HEAP, told))


def test_tasks_at_one_place_are_one_sentence(tmp_path):
    found = report(heap(tmp_path / "a.parquet", facts((5000, HANDLE, ACQUIRE), (5, POLL))))
    wanted = (
        "5,005 asyncio tasks, 5,000 of them handle() waiting at app.py:12 "
        "for acquire() at locks.py:114."
    )
    assert wanted in report_sentences(found)
    assert "acquire() at locks.<wbr>py:114" in report_page(found)


def test_all_of_them_are_called_so():
    (group,) = activity([facts((20, HANDLE))]).groups
    assert (group.does, group.within) == (group.at, None)


def test_where_the_coroutine_is_a_library_s_the_program_s_own_call_is_told_too(tmp_path):
    cycle = ("run_asgi", "/venv/lib/python3.11/site-packages/uvicorn/http.py", 401)
    found = report(heap(tmp_path / "a.parquet", facts((20, cycle, HANDLE, ACQUIRE))))
    wanted = (
        "20 asyncio tasks, all of them run_asgi() waiting in handle() at app.py:12 "
        "for acquire() at locks.py:114."
    )
    assert wanted in report_sentences(found)


def test_few_tasks_are_no_sentence(tmp_path):
    found = report(heap(tmp_path / "a.parquet", facts((11, HANDLE))))
    assert not any("asyncio" in sentence for sentence in report_sentences(found))


def test_threads_in_the_same_calls_are_one_group(tmp_path):
    start, get = ("run", "/usr/lib/python3.11/threading.py", 9), ("get", LIBRARY, 3)
    stacks = [(start, HANDLE, POLL, get)] * 40 + [(start,)] * 2
    found = report(heap(tmp_path / "a.parquet", facts(threads=stacks)))
    wanted = (
        "42 threads, 40 of them running handle(), in poll() at app.py:30, "
        "there in get() at locks.py:3."
    )
    assert wanted in report_sentences(found)


def test_a_comparison_tells_what_became_more(tmp_path):
    before = heap(tmp_path / "a.parquet", facts((100, HANDLE, ACQUIRE), (900, POLL)))
    after = heap(tmp_path / "b.parquet", facts((5000, HANDLE, ACQUIRE), (900, POLL)))
    growth = compare([before, after])
    wanted = (
        "5,900 asyncio tasks (+4,900), 5,000 of them (+4,900) handle() waiting at app.py:12 "
        "for acquire() at locks.py:114."
    )
    assert wanted in growth_sentences(growth)
    assert "poll()" in growth_page(growth)
    assert not any("asyncio" in text for text in growth_sentences(compare([after, before])))


def test_the_document_has_every_place(tmp_path):
    paths = [
        write(tmp_path / f"{count}.parquet", HEAP, facts((count, HANDLE, ACQUIRE), (7, POLL)))
        for count in (10, 50)
    ]
    alone = json.loads(run_analyze("report", paths[1], "--json").stdout)["activity"]
    assert (alone["tasks"], [group["count"] for group in alone["groups"]]) == (57, [50, 7])
    assert alone["groups"][0]["within"] == {"function": "acquire", "file": LIBRARY, "line": 114}
    both = json.loads(run_analyze("diff", *paths, "--json").stdout)["activity"]
    assert (both["tasks_each"], both["groups"][0]["count_delta"]) == ([17, 57], 40)


def test_facts_of_another_form_are_left_out():
    for groups in (3, [3], [{"count": 1}], [{"count": "x", "stack": calls(POLL)}]):
        assert activity([{"task_groups": groups}]).groups == ()
    assert activity([{"task_groups": [{"count": 4, "stack": []}]}]).groups == ()
    assert activity([{"tasks_waiting": "many", "threads": None}]).tasks_each == (0,)

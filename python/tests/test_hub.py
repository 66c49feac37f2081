"""Sources on the Hub, and push, from Python. Each test runs a process that uses a Hub of its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")
from built_package import PACKAGE_PARENT, REPOSITORY  # noqa: E402

sys.path.insert(0, str(REPOSITORY / "tests/hub"))
from fake_hub import TOKEN, FakeHub  # noqa: E402


@pytest.fixture
def hub(make_source):
    with FakeHub() as server:
        server.add("lab/kitchen_1", make_source(), tags=("v3.0",))
        server.add("lab/kitchen_2", make_source(task="wipe"), tags=("v3.0",))
        yield server


@pytest.fixture
def run(hub, make_source, tmp_path):
    """run(text): runs it, where `mine` is a dataset; returns what it prints."""
    make_source().rename(tmp_path / "mine")

    def run_it(text: str, **environment: str) -> str:
        mine = {"PYTHONPATH": str(PACKAGE_PARENT), "HF_TOKEN": TOKEN}
        process = subprocess.run(
            [sys.executable, "-c", "import robomerge\n" + textwrap.dedent(text)],
            cwd=tmp_path,
            env=os.environ | hub.environment(tmp_path) | mine | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout.strip()

    return run_it


def test_what_the_page_shows(run, hub, tmp_path):
    run(
        """
robomerge.merge(["hf://datasets/lab/kitchen_1@v3.0", "mine"], "kitchen")
robomerge.push("kitchen", "hf://datasets/lab/kitchen", private=True)
        """
    )
    assert hub.repositories["lab/kitchen"].private
    record = (tmp_path / "kitchen/meta/robomerge.json").read_text()
    assert f'"name": "lab/kitchen_1@{hub.repositories["lab/kitchen_1"].branches["main"]}"' in record


def test_all_functions_take_addresses(run):
    out = run(
        """
        one, two = "hf://datasets/lab/kitchen_1", "hf://datasets/lab/kitchen_2"
        seen = []
        source = robomerge.Source(two, name="other", episodes=1, rename={"observation.state": "state"})
        report = robomerge.merge([source, robomerge.Source(one, rename={"observation.state": "state"})], "k", progress=seen.append)
        assert seen[0].stage == "download" and seen[-1].stage == "publish", seen  # between them what the clock caught
        assert report.num_episodes == 3
        assert robomerge.verify("k", [two, one])
        assert not robomerge.inspect(one).problems
        assert robomerge.compare([one, "mine"]).num_sources == 2
        assert robomerge.plan([one], "p").dry_run
        pushed = robomerge.push("k", "hf://datasets/lab/new", progress=seen.append)
        assert pushed and not robomerge.push("k", "hf://datasets/lab/new")
        assert robomerge.verify("hf://datasets/lab/new", [two, one])
        print([warning.kind for warning in pushed.warnings])
        """
    )
    assert out == "['W-licences']"


def test_a_recipe(run, tmp_path):
    (tmp_path / "r.yaml").write_text("sources:\n  - hf://datasets/lab/kitchen_1\n  - mine\noutput: k\n")
    assert run("print(robomerge.read_recipe('r.yaml').merge().num_episodes)") == "4"


@pytest.mark.parametrize(
    ("call", "error", "kind", "environment"),
    [
        ("merge(['hf://x'], 'k')", "ValueError", "E-hub-address", {}),
        ("merge(['hf://datasets/lab/none'], 'k')", "FileNotFoundError", "E-hub", {}),
        ("inspect('hf://datasets/lab/none')", "FileNotFoundError", "E-hub", {}),
        ("compare(['mine', 'hf://datasets/lab/kitchen_1'])", "FileNotFoundError", "E-hub-offline", {"HF_HUB_OFFLINE": "1"}),
        ("merge(['mine', 'hf://datasets/lab/kitchen_1'], 'k')", "OSError", "E-hub", {"HF_ENDPOINT": "http://127.0.0.1:9"}),
        ("merge(['mine', 'hf://datasets/lab/kitchen_1'], 'k')", "ValueError", "E-hub", {"HF_ENDPOINT": "garbage"}),
        ("merge(['mine'], 'hf://datasets/lab/k')", "ValueError", "E-destination", {}),
        ("push('mine', 'lab/k')", "ValueError", "E-hub-address", {}),
        ("push('nothing', 'hf://datasets/lab/k')", "FileNotFoundError", "E-no-dataset", {}),
        ("merge([robomerge.Source('hf://datasets/lab/kitchen_1', episodes=9)], 'k')", "ValueError", "E-rule", {}),
    ],
)
def test_errors(run, call, error, kind, environment):
    out = run(
        f"""
        try:
            robomerge.{call}
        except {error} as error:
            print(error.problems[0].kind, str(error).splitlines()[0])
        """,
        **environment,
    )
    assert out.startswith(f"{kind} error[{kind}]")


def test_no_network_to_push_to(run):
    call = "try: robomerge.push('mine', 'hf://datasets/lab/k')\nexcept OSError as error: print(error.problems[0].hint)"
    assert run(call, HF_ENDPOINT="http://127.0.0.1:9") == "connect to the network"


def test_local_sources_import_nothing_for_the_hub(run):
    out = run("import sys; robomerge.merge(['mine'], 'k'); print('huggingface_hub' in sys.modules)")
    assert out == "False"


def test_the_command_of_the_package_finds_this_python(run, hub, tmp_path):
    command = PACKAGE_PARENT / "robomerge/bin/robomerge"
    environment = os.environ | hub.environment(tmp_path) | {"PYTHONPATH": str(PACKAGE_PARENT)}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("VIRTUAL_ENV", None)
    process = subprocess.run(
        [command, "merge", "hf://datasets/lab/kitchen_1", "-o", "k"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr

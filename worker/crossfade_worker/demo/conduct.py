"""The demo from beginning to end: start everything, watch it train, change the mixture, add up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crossfade_shared.client import Change, Client
from crossfade_shared.client.answers import Version
from crossfade_shared.errors import ConflictError, UserError
from crossfade_shared.redis_server import embedded_redis
from crossfade_worker.config import RunConfig
from crossfade_worker.data.prepare import prepare_corpus
from crossfade_worker.data.shards import Corpus
from crossfade_worker.demo.place import DemoPlace, DemoRun, run_values
from crossfade_worker.demo.result import DemoResult, demo_result
from crossfade_worker.demo.services import Service, running_controller, running_evaluator, running_training
from crossfade_worker.registration import registration
from crossfade_worker.replay import replay_run

CHANGE = Change.reweigh(multiply={"math": 4}, reason="mathematics lags: give it four times its share")
CHANGE_AT = 0.4  # of the run
POLL_SECONDS = 0.5
LINE_SECONDS = 15.0


def conduct_demo(
    place: DemoPlace,
    *,
    steps: int,
    ranks: int,
    resume: bool,
    stay_open: bool,
    console: Console,
    show: Callable[[DemoResult], None],
) -> DemoResult:
    """Run the demo, show its figures and give them; everything it started has ended when this returns or raises."""
    begun = place.run_to_resume() if resume else None
    place.logs.mkdir(parents=True, exist_ok=True)
    corpus = _prepare(place, console)
    with (
        embedded_redis(place.redis) as redis_url,
        running_controller(place, redis_url, token=place.token()) as controller_url,
        Client(controller_url, token=place.token()) as client,
    ):
        run = begun or _new_run(place, client, corpus, steps)
        run.connect(redis_url=redis_url, controller_url=controller_url)
        config = run.config()
        page = f"{controller_url}/?run={run.name}#token={place.token()}"
        console.print(f"Redis       {redis_url}", highlight=False)
        console.print(f"controller  {controller_url}", highlight=False)
        console.print(f"page        [bold]{page}[/bold]   (open it now: it is live)", soft_wrap=True)
        console.print(f"token       {place.token_path}   (for your own requests)", highlight=False)
        console.print(
            f"training    {run.yaml_path} on {ranks} {'rank' if ranks == 1 else 'ranks'}; logs in {place.logs}",
            highlight=False,
        )
        with (
            running_training(place, run, ranks=ranks) as training,
            running_evaluator(place, run, token=_evaluator_token(client, run)) as evaluator,
        ):
            _follow(client, place, run, training, steps=config.training.total_steps, console=console)
            _wait_for_scores(evaluator, console)
        result = demo_result(client, config, replay_run(config), ranks=ranks, own_change=run.change())
        show(result)
        if stay_open:
            _stay_open(controller_url, console)
    return result


def _prepare(place: DemoPlace, console: Console) -> Corpus:
    console.print("corpus      code, docstrings and package descriptions of this machine, and worked mathematics")
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        corpus = prepare_corpus(place.corpus_settings(), progress=progress)
    tokens = ", ".join(f"{name} {source.num_tokens:,}" for name, source in corpus.sources.items())
    console.print(f"            tokens by source: {tokens}", highlight=False)
    return corpus


def _new_run(place: DemoPlace, client: Client, corpus: Corpus, steps: int) -> DemoRun:
    run = place.new_run()
    values = run_values(run.name, steps=steps)
    registered = client.create_run(registration(RunConfig.model_validate(values), corpus))
    run.write(values, signing_key=registered["signing_key"])
    return run


def _evaluator_token(client: Client, run: DemoRun) -> str:
    """Make a token that can post this run's scores and nothing else."""
    return client.create_token("evaluator", scopes=["evaluator"], run=run.name)["token"]


def _follow(client: Client, place: DemoPlace, run: DemoRun, training: Service, *, steps: int, console: Console) -> None:
    """Show progress until training ends; on the way make the change and say where it took effect."""
    asked = run.change() is not None
    told = False
    with _progress(steps, console) as show:
        while training.check():
            state = client.run(run.name)
            done = 0 if state["step"] is None else state["step"] + 1
            show(done, state["phase"])
            if not asked and done >= CHANGE_AT * steps:
                asked = _make_change(client, place, run, asked_at_step=done - 1, console=console)
            if not told and (change := run.change()):
                told = _tell_of_change(client.version(run.name, change["version"]), console)
            time.sleep(POLL_SECONDS)
        show(steps, "done")
    if run.change() is None:
        console.print("training ended before the mixture could be changed", style="yellow")


def _make_change(client: Client, place: DemoPlace, run: DemoRun, *, asked_at_step: int, console: Console) -> bool:
    """Send the change, once however often the demo is resumed; False if somebody else's change came first."""
    version = client.mixture(run.name)["version"]
    try:
        made = client.change_mixture(run.name, CHANGE, based_on=version, idempotency_key=f"{run.name}-change")
    except ConflictError:
        return False
    except UserError as error:
        console.print(f"the mixture could not be changed: {error}", style="yellow", highlight=False)
        return True
    run.remember_change(version=made["version"], asked_at_step=asked_at_step)
    console.print(f"\nstep {asked_at_step}: mathematics is upsampled, as anybody could from a shell:", highlight=False)
    console.print(
        f'  crossfade mix multiply {run.name} math=4 --reason "{CHANGE.body["reason"]}" \\\n'
        f"      --controller {client.url} --token-file {place.token_path}",
        style="bold",
        highlight=False,
        soft_wrap=True,
    )
    return True


def _tell_of_change(version: Version, console: Console) -> bool:
    if version["effective_steps"] is None:
        return False
    steps = ", ".join(f"rank {rank} at step {step}" for rank, step in sorted(version["effective_steps"].items()))
    console.print(f"mixture {version['version']} applied: {steps}\n", style="green", highlight=False)
    return True


def _wait_for_scores(evaluator: Service, console: Console) -> None:
    console.print("scoring     the last checkpoints, on held-out documents")
    while evaluator.check():
        time.sleep(POLL_SECONDS)


@contextmanager
def _progress(steps: int, console: Console) -> Iterator[Callable[[int, str | None], None]]:
    """Give a way to show how far training is: a bar on a terminal, a line now and then elsewhere."""
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[phase]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("training", total=steps, phase="")
        next_line = 0.0

        def show(done: int, phase: str | None) -> None:
            nonlocal next_line
            bar.update(task, completed=done, phase=phase or "starting")
            if not console.is_terminal and time.monotonic() >= next_line:
                next_line = time.monotonic() + LINE_SECONDS
                console.print(f"training    step {done} of {steps}  {phase or 'starting'}", highlight=False)

        yield show


def _stay_open(controller_url: str, console: Console) -> None:
    console.print(f"the page stays at {controller_url}/ until Ctrl-C")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        console.print("closing")

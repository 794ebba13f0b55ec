"""The report of a search."""

from __future__ import annotations

import math

from matplotlib.ticker import MaxNLocator
from scipy.stats import spearmanr

from vgg_keras.config.search import direction_of
from vgg_keras.reporting import words
from vgg_keras.reporting.page import BLUE, GREY, ORANGE, Picture, Section, draw, make_axes
from vgg_keras.runs.results import SearchResult, Trial

FEWEST_FOR_RANKS = 4
WIDE = 50
"""From this ratio of the highest to the lowest value an axis is logarithmic."""

LONG = 13
"""Labels of more characters are turned, so that neighbours do not overlap."""


def verdict(result: SearchResult) -> str:
    """The answer in a sentence."""
    best = result.best
    if best is None:
        yet = "" if result.status == "finished" else " yet"
        return f"The search is {result.status}: no trial was completed{yet}."
    values = ", ".join(f"{name} {choice}" for name, choice in best.values.items())
    design = f"The best of {len(result.trials)} trials has {values or 'no choices'}"
    test = best.test
    if test.accuracy is None:
        return f"{design}, and a loss of {words.value(test.loss, 'loss')} on the test data."
    correct = "" if test.correct is None else f" ({test.correct} of {test.total})"
    return f"{design}, and classifies {test.accuracy:.2%} of the test images correctly{correct}."


def sections(result: SearchResult) -> list[Section]:
    """What the report shows."""
    trials = [trial for trial in result.trials if trial.score is not None]
    best_first = -1 if direction_of(result.config["objective"]) == "max" else 1
    trials.sort(key=lambda trial: best_first * (trial.score or 0))
    objective, data = result.config["objective"], result.data
    data_used = (
        f"Each trial was trained on {data['train']} images and scored by {objective} on "
        f"{data['validation']} others, held out of the training set. The {data['test']} test "
        "images were used for the best design alone, retrained on all training images."
    )
    parts = []
    if trials:
        front = "In the second chart, on the line no other trial is both smaller and better."
        pictures = [
            score_by_trial(trials, objective),
            score_by_size(trials, objective, best_first),
        ]
        parts.append(Section("Scores", [data_used, front], pictures))
    varied = [name for name in result.space if varies(name, trials)]
    if varied:
        text = [
            "Each line is a trial; the best one is thick. Values of a wide range are on a log axis."
        ]
        parts.append(Section("Values", text, [parallel(trials, varied, objective)]))
    differ = len({trial.score for trial in trials}) > 1
    if varied and differ and len(trials) >= FEWEST_FOR_RANKS:
        parts.append(importance(trials, varied, objective, -best_first))
    return [*parts, all_trials(result, trials)]


def all_trials(result: SearchResult, ordered: list[Trial]) -> Section:
    """A table of all trials: those with a score in their order, then those that have failed."""
    names, objective = list(result.space), result.config["objective"]
    failed = [trial for trial in result.trials if trial.score is None]
    rows: list[list[object]] = [
        [
            trial.id,
            *(trial.values.get(name, "") for name in names),
            trial.status if trial.score is None else words.decimal(trial.score, 4),
            " to ".join(f"{bound:.4f}" for bound in trial.interval or ()),
            "within chance" if trial.id in result.near_best and trial is not ordered[0] else "",
            trial.parameters or "",
            trial.best_epoch or "",
            words.decimal(trial.seconds, 1),
            trial.reason or "",
        ]
        for trial in [*ordered, *failed]
    ]
    head = [
        "Trial",
        *names,
        objective,
        "95 % interval",
        "Of the best",
        "Parameters",
        "Epoch",
        "Seconds",
        "Reason",
    ]
    return Section("All trials, the best first", head=head, rows=rows)


def score_of(trial: Trial) -> float:
    """The score of a trial that was completed."""
    assert trial.score is not None
    return trial.score


def described(trial: Trial) -> str:
    """A trial in a line."""
    values = ", ".join(f"{name} {value}" for name, value in trial.values.items())
    return f"Trial {trial.id}: {words.decimal(score_of(trial), 4)}, {values}"


def varies(name: str, trials: list[Trial]) -> bool:
    """Whether a hyperparameter has several values in some trials, all of them numbers."""
    values = {trial.values[name] for trial in trials if name in trial.values}
    return len(values) > 1 and all(isinstance(value, (int, float)) for value in values)


def score_by_trial(trials: list[Trial], objective: str) -> Picture:
    """Scores in the order of the trials, and the best so far."""
    ordered = sorted(trials, key=lambda trial: int(trial.id))
    pick = max if direction_of(objective) == "max" else min
    numbers = [int(trial.id) for trial in ordered]
    scores = [score_of(trial) for trial in ordered]
    best = [pick(scores[: end + 1]) for end in range(len(scores))]
    figure, (axes,) = make_axes(numbers=True)
    axes.step(numbers, best, where="post", color=ORANGE, label="best so far")
    axes.plot(numbers, scores, "o", color=BLUE, label="trial", gid="trials")
    axes.set(xlabel="Trial", ylabel=objective)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    alt = f"{objective} of each trial in order; the best is {words.decimal(best[-1], 4)}."
    return draw(figure, alt, {"trials": [described(trial) for trial in ordered]})


def score_by_size(trials: list[Trial], objective: str, best_first: int) -> Picture:
    """Scores against parameter counts, with those that no other trial beats in both."""
    front: list[Trial] = []
    for trial in sorted(trials, key=lambda t: (t.parameters or 0, best_first * score_of(t))):
        if not front or best_first * score_of(trial) < best_first * score_of(front[-1]):
            front.append(trial)
    figure, (axes,) = make_axes(numbers=True)
    sizes, scores = [t.parameters or 0 for t in trials], [score_of(t) for t in trials]
    axes.plot(sizes, scores, "o", color=BLUE, gid="trials")
    line = [t.parameters or 0 for t in front], [score_of(t) for t in front]
    axes.step(*line, where="post", color=ORANGE)
    for trial in front:
        point = trial.parameters or 0, score_of(trial)
        axes.annotate(trial.id, point, xytext=(4, 4), textcoords="offset points")
    axes.margins(y=0.12)
    axes.set(xlabel="Parameters", ylabel=objective)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    best = ", ".join(trial.id for trial in front)
    alt = f"{objective} against parameters; not beaten in both: trials {best}."
    return draw(figure, alt, {"trials": [described(trial) for trial in trials]})


def parallel(trials: list[Trial], names: list[str], objective: str) -> Picture:
    """A line a trial through its values, each axis from its lowest to its highest value."""
    columns = [[trial.values.get(name) for trial in trials] for name in names]
    columns.append([score_of(trial) for trial in trials])
    labels = [*names, objective]
    figure, (axes,) = make_axes(width=max(4.6, 1.1 * len(labels)))
    axes.grid(visible=False)
    heights = []
    for place, column in enumerate(columns):
        known = [value for value in column if value is not None]
        low, high = min(known), max(known)
        scale = math.log if low > 0 and high / low >= WIDE and place < len(names) else float
        span = (scale(high) - scale(low)) or 1
        heights.append([None if v is None else (scale(v) - scale(low)) / span for v in column])
        axes.plot([place, place], [0, 1], color=GREY, linewidth=0.8)
        for value, height in ((low, -0.06), (high, 1.06)):
            text = words.decimal(value, 4) if place == len(names) else f"{value:g}"
            axes.text(place, height, text, ha="center", va="center")
    for number in reversed(range(len(trials))):
        line = [(place, column[number]) for place, column in enumerate(heights)]
        xs, ys = zip(*[point for point in line if point[1] is not None], strict=True)
        look = {"color": ORANGE, "linewidth": 3.0} if number == 0 else {"color": BLUE}
        axes.plot(xs, ys, alpha=1.0 if number == 0 else 0.5, **look)
    turned = max(map(len, labels)) > LONG
    axes.set_xticks(
        range(len(labels)), labels, rotation=20 * turned, ha="right" if turned else "center"
    )
    axes.tick_params("x", length=0)
    axes.set_yticks([])
    axes.set_ylim(-0.12, 1.12)
    axes.spines[:].set_visible(False)
    return draw(figure, f"The values and the {objective} of each trial, the best one thick.")


def importance(trials: list[Trial], names: list[str], objective: str, better: int) -> Section:
    """How far the order of the scores follows the order of each hyperparameter's values."""
    correlations = {}
    for name in names:
        chosen = [trial for trial in trials if name in trial.values]
        if len({trial.values[name] for trial in chosen}) < 2:
            continue
        values = [trial.values[name] for trial in chosen]
        scores = [better * score_of(trial) for trial in chosen]
        correlations[name] = float(spearmanr(values, scores).statistic)
    known = {name: rho for name, rho in correlations.items() if rho == rho}
    ordered = sorted(known, key=lambda name: abs(known[name]))
    figure, (axes,) = make_axes(height=0.8 + 0.4 * max(1, len(ordered)))
    colors = [BLUE if known[name] > 0 else ORANGE for name in ordered]
    axes.barh(ordered, [known[name] for name in ordered], color=colors)
    axes.axvline(0, color=GREY)
    axes.set(xlim=(-1, 1), xlabel="Rank correlation with a better score")
    listed = ", ".join(f"{name} {known[name]:+.2f}" for name in reversed(ordered))
    picture = draw(figure, f"Rank correlation of values and scores: {listed}.")
    text = (
        "Spearman's rank correlation of the values with the scores: near 1, higher values were "
        "better; near -1, lower ones; near 0, it did not matter, or not in one direction. With few "
        "trials chance alone gives large figures."
    )
    return Section("Importance", [text], [picture])

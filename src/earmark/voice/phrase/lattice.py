"""Phone probabilities and a phrase to what speaks for every word of it, and for more or less than it.

The network's outputs are those of connectionist temporal classification: the probabilities of all sequences
of phones sum to one over any stretch of a clip. So "anything may be said here" has the probability one, and
the phrase with one word left free, or with a gap between two words, is the product of a forward and a
backward score with no sum between them. What the phrase itself loses against those speaks against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from earmark.voice.features import Floats
from earmark.voice.phrase.pronunciations import BLANK, Phones

NEVER = np.float32(-1e4)
LOWEST = -60.0  # nats against one word; more says nothing new
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Graph:
    """States of a phrase: one for each phone of each pronunciation, one for the blank after it.

    `before` and `after` (states, most neighbours) hold neighbours; the number of states stands for none.
    """

    labels: Indices  # (S,) phone of each state
    before: Indices
    after: Indices
    firsts: Indices  # (W, most) of each word, the states that it may begin in
    ends: Indices  # (W, most) of each word, the states in which it is complete, the blank after it too


def build(words: Sequence[Sequence[Phones]]) -> Graph:
    """The states of words, each given by its pronunciations, said one after the other."""
    labels, before = list[int](), list[list[int]]()

    def add(label: int, reached: list[int]) -> int:
        labels.append(label)
        before.append([len(labels) - 1, *reached])
        return len(labels) - 1

    firsts, ends, lasts = list[list[int]](), list[list[int]](), list[int]()
    pause: list[int] = []
    for number, ways in enumerate(words):
        begun, done = list[int](), list[int]()
        for phones in ways:
            last = add(phones[0], pause + [state for state in lasts if labels[state] != phones[0]])
            begun.append(last)
            for previous, phone in pairwise(phones):
                blank = add(BLANK, [last])
                last = add(phone, [blank] if phone == previous else [blank, last])
            done.append(last)
        lasts = done
        pause = [add(BLANK, lasts)] if number + 1 < len(words) else []
        firsts.append(begun)
        ends.append(lasts + pause)
    after: list[list[int]] = [[] for _ in labels]
    for state, reached in enumerate(before):
        for earlier in reached:
            after[earlier].append(state)
    return Graph(
        np.asarray(labels),
        _padded(before, len(labels)),
        _padded(after, len(labels)),
        _padded(firsts, len(labels)),
        _padded(ends, len(labels)),
    )


def _padded(lists: list[list[int]], none: int) -> Indices:
    width = max(map(len, lists))
    return np.asarray([row + [none] * (width - len(row)) for row in lists])


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a clip says about a phrase of W words, in nats; all at most about nothing, and less is worse."""

    phrase: float  # log probability of the whole phrase somewhere in the clip
    words: Floats  # (W,) of each word, given that everything else was said
    gaps: Floats  # (W - 1,) that nothing is between two words
    fits: Floats  # (W,) of each word in its place, against the best phones there
    cuts: Indices  # (W + 1,) frames between which the words lie
    done: Floats  # (W + 1, T + 1) log probability that the first k words end before frame t
    better: Floats  # (W + 1, T + 1) the best that the words after the first k do from frame t on, or later


def weigh(chances: Floats, graph: Graph) -> Evidence:
    """Log probabilities (T, 1 + phones) of a clip and a phrase to the evidence."""
    words = len(graph.firsts)
    emitted = chances[:, graph.labels].astype(np.float32)  # (T, S)
    done = _forward(emitted, graph)  # (W + 1, T + 1): the first k words were said, ending at frame t
    left = _backward(emitted, graph)  # (W + 1, T + 1): from frame t the words after the first k are said
    phrase = float(done[words].max())
    better = np.maximum.accumulate(left[:, ::-1], axis=1)[:, ::-1]  # starting at t or later
    without = (done[:-1] + better[1:]).max(axis=1)
    apart = (done[1:-1] + better[1:-1]).max(axis=1)
    cuts = _places(emitted, graph)
    greedy = np.concatenate([[0.0], np.cumsum(chances.max(axis=1))])
    at = done[np.arange(words + 1), cuts]
    fits = (at[1:] - at[:-1]) - (greedy[cuts[1:]] - greedy[cuts[:-1]])
    return Evidence(
        max(phrase, 3 * LOWEST),
        np.clip(phrase - without, LOWEST, 1.0).astype(np.float32),
        np.clip(phrase - apart, LOWEST, 1.0).astype(np.float32),
        np.clip(fits, LOWEST, 5.0).astype(np.float32),
        cuts,
        done,
        better,
    )


def _forward(emitted: Floats, graph: Graph) -> Floats:
    """(W + 1, T + 1): log probability that the first k words end before frame t, after anything."""
    frames, states = emitted.shape
    alpha = np.full(states + 1, NEVER, np.float32)
    done = np.full((len(graph.firsts) + 1, frames + 1), NEVER, np.float32)
    done[0] = 0.0
    begun = graph.firsts[0][graph.firsts[0] < states]
    for frame in range(frames):
        sums = _log_sum(alpha[graph.before])
        sums[begun] = np.logaddexp(sums[begun], np.float32(0.0))
        alpha[:-1] = np.maximum(sums + emitted[frame], NEVER)
        done[1:, frame + 1] = _log_sum(alpha[graph.ends])
    return done


def _backward(emitted: Floats, graph: Graph) -> Floats:
    """(W + 1, T + 1): log probability of the words after the first k from frame t on, then anything."""
    frames, states = emitted.shape
    words = len(graph.firsts)
    beta = np.full(states + 1, NEVER, np.float32)
    left = np.full((words + 1, frames + 1), NEVER, np.float32)
    left[words] = 0.0
    lasts = graph.ends[-1][graph.ends[-1] < states]
    beta[lasts] = 0.0
    inner = np.full(states + 1, NEVER, np.float32)
    for frame in range(frames - 1, -1, -1):
        inner[:-1] = beta[:-1] + emitted[frame]
        left[:-1, frame] = _log_sum(inner[graph.firsts])
        sums = _log_sum(inner[graph.after])
        sums[lasts] = np.logaddexp(sums[lasts], np.float32(0.0))
        beta[:-1] = np.maximum(sums, NEVER)
    return left


def _places(emitted: Floats, graph: Graph) -> Indices:
    """(W + 1,) frames between which the words lie on the best path, Viterbi's.

    Sums would not do: of a phrase that is said twice they may put one word here and the next there.
    """
    frames, states = emitted.shape
    score = np.full(states + 1, NEVER, np.float32)
    came = np.empty((frames, states), np.uint8)  # which neighbour the best path to a state came from
    begun = graph.firsts[0][graph.firsts[0] < states]
    lasts = graph.ends[-1][graph.ends[-1] < states]
    every = np.arange(states)
    start = graph.before.shape[1]  # the neighbour of a path that begins here
    best, ended, last = -np.inf, 0, int(lasts[0])
    for frame in range(frames):
        reach = score[graph.before]
        came[frame] = reach.argmax(axis=1)
        sums = reach[every, came[frame]]
        came[frame, begun[sums[begun] < 0.0]] = start
        sums[begun] = np.maximum(sums[begun], 0.0)
        score[:-1] = np.maximum(sums + emitted[frame], NEVER)
        top = int(lasts[score[lasts].argmax()])
        if score[top] > best:
            best, ended, last = float(score[top]), frame, top
    return _backwards(came, graph, start, ended, last)


def _backwards(came: NDArray[np.uint8], graph: Graph, start: int, frame: int, state: int) -> Indices:
    """The path to a state at a frame, as `_places` gives it."""
    words = len(graph.firsts)
    word_of = np.zeros(len(graph.labels), np.int64)
    for word, ends in enumerate(graph.ends):
        word_of[int(ends[ends < len(graph.labels)].max()) + 1 :] = word + 1
    cuts = np.zeros(words + 1, np.int64)
    cuts[words] = frame + 1
    while True:
        neighbour = int(came[frame, state])
        earlier = state if neighbour == start else int(graph.before[state, neighbour])
        if neighbour == start or word_of[earlier] != word_of[state]:
            cuts[word_of[state]] = frame
        if neighbour == start or frame == 0:
            return cuts
        state, frame = earlier, frame - 1


def _log_sum(values: Floats) -> Floats:
    """Log of the sum of exponentials over the last axis."""
    peak = values.max(axis=-1)
    total: Floats = peak + np.log(np.exp(values - peak[..., None]).sum(axis=-1))
    return total

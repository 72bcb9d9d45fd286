"""Kernels that fold the paths of a search into a tree; what labels mean is `analyze.owners.steps`'.

Every object is reached by one reference from its parent in the search. That reference has a
label, or none: then the object belongs to the same node as its parent (an instance's dict
to the instance, say). Otherwise it belongs to the node below its parent's that has the
label and the object's type.

Top down: what the numbers mean; which reference leads to an object; the label of a reference;
the table of nodes; and `fold`, which puts all of it together. One file, though it is long: machine
code kept on disk is renewed when its own file changes, not when that of a kernel or of a number
that it uses does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analyze.graph.compiled import kernel, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

# In place of a node's parent, of an edge, of a label.
NONE: Final = -1
# In place of a node.
TOO_DEEP: Final = -2

# --- what kind of thing an object is, as far as the labels of its references go

OTHER: Final = 0
MODULE: Final = 1
CLASS: Final = 2
DICT: Final = 3
# A class derived from dict: its keys and values cannot be told apart, unless hidden.
DICT_LIKE: Final = 4
ITEMS: Final = 5
FUNCTION: Final = 6
CODE: Final = 7
CELL: Final = 8
# Its variables stand in it by their names alone: a frame, a generator, a context.
SCOPE: Final = 9
# What it refers to goes on behind it, unless it has a name: a part of a context.
RELAY: Final = 10
# Storage of its own for each thread, in a dict of dicts.
THREAD_LOCAL: Final = 11
# Of a function's results: by themselves, or behind its type in a dict of their own.
CACHE: Final = 12
# Items, unless it looks into another one, which has a name.
ARRAY: Final = 13

# --- what a container is for, given how it was reached

DATA: Final = 0
# Its keys are names: variables of a module; attributes.
VARIABLES: Final = 1
ATTRIBUTES: Final = 2
DEFAULTS: Final = 3
CLOSURE: Final = 4
# All below belongs to the same node: a code object's constants, a namespace's keys.
INNER: Final = 5
# Its values are dicts of attributes.
OF_THREADS: Final = 6

# --- what a name means, by the kind of its source

PLAIN: Final = 0
# The object itself goes on behind this reference.
THROUGH: Final = 1
TO_VARIABLES: Final = 2
TO_ATTRIBUTES: Final = 3
TO_DEFAULTS: Final = 4
TO_CLOSURE: Final = 5
TO_INNER: Final = 6
# If it leads to a call, the object itself goes on behind it: from a task to its coroutine.
TO_CALL: Final = 7

# --- labels; from NAMES on two for each name, plain and with a dot; then one a type

ITEM: Final = 0
KEY: Final = 1
DEFAULT: Final = 2
ENCLOSED: Final = 3
NAMES: Final = 4

# Levels of a path, at the most: what lies deeper belongs to the last one.
_LEVELS: Final = 40
# A multiplier for hashing: 2**64 over the golden ratio.
_GOLDEN: Final = 0x9E3779B97F4A7C15
_OTHER_PRIME: Final = 0xC2B2AE3D27D4EB4F


@kernel
def choose_references(
    offsets: NDArray[Any],
    targets: NDArray[Any],
    parent: NDArray[Any],
    names: NDArray[np.int32],
    chosen: NDArray[Any],
) -> None:
    """Choose the reference by which each object is reached: a named one, where there is."""
    far = np.uint64(24)
    last = np.uint64(len(targets))
    for source in range(len(offsets) - 1):
        for edge in range(offsets[source], offsets[source + 1]):
            if edge + far < last:
                prefetch(parent, targets[edge + far])
            target = targets[edge]
            if parent[target] == source and (
                chosen[target] < 0 or (names[chosen[target]] < 0 and names[edge] >= 0)
            ):
                chosen[target] = edge


@kernel
def label_step(
    kind: int,
    role: int,
    name: int,
    meaning: int,
    place: int,
    told: int,
    hidden: int,
    target_kind: int,
    target_type: int,
    types_at: int,
) -> tuple[int, int]:
    """Label a reference.

    Parameters
    ----------
    kind, role
        Of its source.
    name, meaning
        Its name's number, or NONE; what that name means.
    place
        Its place among the source's references, of which `told` are known to the collector
        and `hidden` are not.
    target_kind, target_type
        Of its target.
    types_at
        The label of the first type.

    Returns
    -------
    label, role
        NONE for a reference that has no label of its own; of the target.
    """
    if role == INNER or kind == CODE:
        return NONE, INNER
    # A dict of attributes has names as keys: one that has none and holds dicts is the storage of
    # a class derived from `threading.local`.
    is_storage = role == ATTRIBUTES and kind == DICT and hidden == 0 and name < 0
    if (role == OF_THREADS or is_storage) and target_kind == DICT:
        return NONE, ATTRIBUTES
    # What a derived dict tells last are its values, one for each key that it does not tell.
    is_value = hidden > 0 and place >= told - hidden
    if kind == DICT or (kind == DICT_LIKE and (name < 0 or is_value)):
        return _label_entry(kind, role, name, place, told, hidden)
    if kind in (ITEMS, CELL) or (kind == ARRAY and name < 0):
        return _label_item(kind, role, target_kind)
    if name >= 0:
        return _label_name(kind, name, meaning, target_kind)
    if kind == CACHE:
        # Where results stand for themselves a key is there, which is no dict.
        return (NONE if target_kind == DICT and place == 1 else ITEM), DATA
    if kind == RELAY:
        return NONE, DATA
    if target_kind == DICT and kind == THREAD_LOCAL:
        return NONE, OF_THREADS
    # Materialised instance dicts have no name in some files.
    if target_kind == DICT and kind == OTHER:
        return NONE, ATTRIBUTES
    return types_at + target_type, DATA


@kernel
def label_references(
    sources: NDArray[Any],
    targets: NDArray[Any],
    places: NDArray[Any],
    offsets: NDArray[Any],
    hidden: NDArray[np.int32],
    codes: NDArray[np.int32],
    types: NDArray[np.int32],
    kind_of_type: NDArray[np.int8],
    meaning_of_name: NDArray[np.int8],
    types_at: int,
    role: NDArray[np.int8],
    labels: NDArray[np.int64],
) -> None:
    """Label some references, given the roles of their sources."""
    for at in range(len(sources)):
        source, target, edge = sources[at], targets[at], places[at]
        start, end = offsets[source], offsets[source + 1]
        name = codes[edge]
        labels[at], _ = label_step(
            kind_of_type[types[source]],
            role[source],
            name,
            meaning_of_name[name] if name >= 0 else PLAIN,
            edge - start,
            end - start - hidden[source],
            hidden[source],
            kind_of_type[types[target]],
            types[target],
            types_at,
        )


@kernel
def _label_item(kind: int, role: int, target_kind: int) -> tuple[int, int]:
    """Label what a sequence, a set or a cell holds."""
    if role == CLOSURE:
        is_cell = kind == ITEMS and target_kind == CELL
        return (NONE, CLOSURE) if is_cell else (ENCLOSED, DATA)
    if kind == CELL:
        return NONE, DATA
    return (DEFAULT if role == DEFAULTS else ITEM), DATA


@kernel
def _label_entry(
    kind: int, role: int, name: int, place: int, told: int, hidden: int
) -> tuple[int, int]:
    """Label what a dict refers to, its keys among it."""
    is_hidden = place >= told
    if role in (VARIABLES, ATTRIBUTES):
        if name >= 0:
            return NAMES + 2 * name + (role == ATTRIBUTES), DATA
        return (NONE, INNER) if is_hidden else (ITEM, DATA)
    # A dict whose keys are not all strings tells each value, then its key.
    is_odd = kind == DICT and hidden == 0 and place % 2 == 1
    return (KEY if name < 0 and (is_hidden or is_odd) else ITEM), DATA


@kernel
def _label_name(kind: int, name: int, meaning: int, target_kind: int) -> tuple[int, int]:
    """Label a reference by its name."""
    label, role = NONE, DATA
    if meaning == PLAIN or (meaning == TO_CALL and target_kind != SCOPE):
        label = NAMES + 2 * name + (kind not in (SCOPE, RELAY))
    elif meaning == TO_INNER:
        role = INNER
    elif meaning == TO_VARIABLES:
        label, role = NAMES + 2 * name + 1, VARIABLES
    elif meaning == TO_ATTRIBUTES:
        role = VARIABLES if kind == MODULE else ATTRIBUTES
    elif meaning == TO_DEFAULTS:
        role = DEFAULTS if target_kind == ITEMS else VARIABLES
    elif meaning == TO_CLOSURE:
        role = CLOSURE
    return label, role


@kernel
def _repeated(
    above: int,
    label: int,
    kept: int,
    node_parent: NDArray[np.int32],
    node_label: NDArray[np.int32],
    node_type: NDArray[np.int32],
) -> int:
    """Find the same step above: a chain, or a tree of one type. TOO_DEEP below all levels."""
    for _ in range(_LEVELS):
        if above < 0 or (node_label[above] == label and node_type[above] == kept):
            return above
        above = node_parent[above]
    return TOO_DEEP


@kernel
def _slot(
    slots: NDArray[np.int32],
    above: int,
    label: int,
    kept: int,
    node_parent: NDArray[np.int32],
    node_label: NDArray[np.int32],
    node_type: NDArray[np.int32],
) -> Any:
    """Find where a node stands in the hash table, or is to stand."""
    mask = np.uint64(len(slots) - 1)
    key = (np.uint64(above) * np.uint64(_GOLDEN)) ^ (np.uint64(label) * np.uint64(_OTHER_PRIME))
    key = (key ^ np.uint64(kept)) * np.uint64(_GOLDEN)
    slot = (key >> np.uint64(20)) & mask
    while True:
        candidate = slots[slot]
        if candidate < 0 or (
            node_parent[candidate] == above
            and node_label[candidate] == label
            and node_type[candidate] == kept
        ):
            return slot
        slot = (slot + np.uint64(1)) & mask


@kernel
def fill_slots(
    slots: NDArray[np.int32],
    nodes: int,
    node_parent: NDArray[np.int32],
    node_label: NDArray[np.int32],
    node_type: NDArray[np.int32],
) -> None:
    """Enter nodes into an empty hash table, whose length is a power of two."""
    for node in range(nodes):
        slot = _slot(
            slots,
            node_parent[node],
            node_label[node],
            node_type[node],
            node_parent,
            node_label,
            node_type,
        )
        slots[slot] = node


@kernel
def fold(
    order: NDArray[Any],
    first: int,
    offsets: NDArray[Any],
    parent: NDArray[Any],
    chosen: NDArray[Any],
    hidden: NDArray[np.int32],
    names: NDArray[np.int32],
    types: NDArray[np.int32],
    kind_of_type: NDArray[np.int8],
    meaning_of_name: NDArray[np.int8],
    types_at: int,
    role: NDArray[np.int8],
    node: NDArray[np.int32],
    shown: NDArray[np.bool_],
    node_parent: NDArray[np.int32],
    node_label: NDArray[np.int32],
    node_type: NDArray[np.int32],
    node_nested: NDArray[np.int64],
    slots: NDArray[np.int32],
    nodes: int,
) -> tuple[int, int]:
    """Put each object into its node, from place `first` of the search's order on.

    Roots, which have no parent, have their node already. Counts for each node the objects that
    were reached through another one of it.

    Returns
    -------
    place, nodes
        Where it stopped: at the end, or where the tables of nodes were full.
    """
    far, near = 16, 8
    for at in range(first, len(order)):
        if at + far < len(order):
            prefetch(chosen, order[at + far])
            prefetch(types, order[at + far])
            prefetch(parent, order[at + far])
            ahead = order[at + near]
            if parent[ahead] >= 0:
                prefetch(names, chosen[ahead])
                prefetch(offsets, parent[ahead])
                prefetch(hidden, parent[ahead])
                prefetch(node, parent[ahead])
        target = order[at]
        source = parent[target]
        if source < 0:
            shown[target] = True
            continue
        edge = chosen[target]
        start, end = np.int64(offsets[source]), np.int64(offsets[source + 1])
        told = end - start - hidden[source]
        name = names[edge]
        kind = kind_of_type[types[source]]
        label, new_role = label_step(
            kind,
            role[source],
            name,
            meaning_of_name[name] if name >= 0 else PLAIN,
            edge - start,
            told,
            hidden[source],
            kind_of_type[types[target]],
            types[target],
            types_at,
        )
        role[target] = new_role
        above = node[source]
        if label == NONE:
            node[target] = above
            continue
        kept = types[target]
        found = np.int64(_repeated(above, label, kept, node_parent, node_label, node_type))
        shown[target] = found != TOO_DEEP
        if found == TOO_DEEP:
            found = np.int64(above)
        elif found == NONE:
            slot = _slot(slots, above, label, kept, node_parent, node_label, node_type)
            found = np.int64(slots[slot])
            if found == NONE:
                if nodes >= len(node_parent):
                    return at, nodes
                found = np.int64(nodes)
                node_parent[nodes] = above
                node_label[nodes] = label
                node_type[nodes] = kept
                slots[slot] = nodes
                nodes += 1
        else:
            node_nested[found] += 1
        node[target] = found
    return len(order), nodes

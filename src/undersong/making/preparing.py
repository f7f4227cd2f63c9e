"""Before the first step: the network's form, the material as batches, and what this machine makes of the minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from undersong import registry
from undersong.events import AbstractCodec
from undersong.keeping.run_folder import RunFolder
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec
from undersong.learning.training.budget import Sizing, choose_size, prepare_cpu, probe, seeded
from undersong.learning.training.checkpoint import load_learner
from undersong.learning.training.engine import Engine
from undersong.learning.training.schedules import Plan
from undersong.learning.training.streams import Example, Feed, Pieces, Streams
from undersong.learning.training.trainer import Learner
from undersong.making.corpus import Corpus
from undersong.making.origin import Origin
from undersong.making.recipe import Recipe

__all__ = ["Prepared", "joined", "led", "prepare", "rebuilt", "sized"]


@final
@dataclass(frozen=True)
class Prepared:
    """A recipe with nothing left open, and what one step takes here."""

    recipe: Recipe
    model: Autoregressive
    feed: Feed
    seconds_per_step: float


_GENTLY = 1 / 3  # of the usual rates, for a network that has learned already


def sized(
    recipe: Recipe, codec: AbstractCodec, corpus: Corpus, seconds: float | None, goes_on: bool
) -> tuple[Recipe, Sizing]:
    """The recipe with every size that was left open, by what the minutes and the material allow.

    `goes_on` says that the network has learned before, from something else.
    """
    sizing = choose_size(corpus.events_learned, seconds)
    core, training = recipe.core, recipe.training
    size = sizing.size if core.size == "auto" else core.size
    core = core.model_copy(
        update={
            "kind": registry.resolve("cores", core.kind),
            "size": size,
            "embedding": max(16, size // 4) if core.embedding == "auto" else core.embedding,
            "dropout": sizing.dropout if core.dropout == "auto" else core.dropout,
        }
    )
    share = _GENTLY if goes_on else 1.0
    ours = {
        "rows": sizing.rows, "window": sizing.window, "rate": share * sizing.rate, "muon": share * sizing.muon,
    }  # fmt: skip
    training = training.model_copy(
        update={key: value for key, value in ours.items() if key not in training.model_fields_set}
    )
    return recipe.model_copy(update={"core": core, "training": training}), sizing


def prepare(recipe: Recipe, codec: AbstractCodec, corpus: Corpus, origin: Origin | None) -> Prepared:
    """Measure what is fastest here, and write it into the recipe: from then on all follows from the step alone.

    Raises LearningError, RecipeError.
    """
    prepare_cpu()
    model, feed = _model(recipe, codec, origin), _feed(recipe, codec, corpus)
    found = probe(model, feed, recipe.training)
    settled = {"device": found.device, "precision": found.precision, "threads": found.threads}
    recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update=settled)})
    return Prepared(recipe, model, feed, found.seconds_per_step)


def rebuilt(recipe: Recipe, codec: AbstractCodec, corpus: Corpus) -> Prepared:
    """The same model and batches in another process, from a recipe that was prepared."""
    prepare_cpu(recipe.training.threads)
    return Prepared(recipe, _model(recipe, codec, None), _feed(recipe, codec, corpus), 0.0)


def led(prepared: Prepared, plan: Plan, folder: RunFolder, resumed: bool) -> tuple[Learner, dict[str, Any] | None]:
    """The learner before its first step, or at its last checkpoint with that one's facts; followers are told."""
    engine = Engine.joined(prepared.recipe.training.device)
    engine.tell(
        {
            "folder": str(folder.path.absolute()),
            "recipe": prepared.recipe.model_dump(mode="json"),
            "plan": plan.to_json(),
            "resumed": resumed,
        }
    )
    return joined(prepared, plan, engine, folder if resumed else None)


def joined(
    prepared: Prepared, plan: Plan, engine: Engine, checkpoint_of: RunFolder | None
) -> tuple[Learner, dict[str, Any] | None]:
    """One process's learner, and the facts of the checkpoint it goes on from. Raises RunFolderError."""
    recipe = prepared.recipe
    learner = Learner(prepared.model, prepared.feed, recipe.training, plan, recipe.seed, engine=engine)
    if checkpoint_of is None:
        return learner, None
    return learner, load_learner(checkpoint_of.checkpoint, learner)


def _model(recipe: Recipe, codec: AbstractCodec, origin: Origin | None) -> Autoregressive:
    core = recipe.core
    layer = {"kind": core.kind, "size": core.size, "settings": core.settings}
    head = {"kind": registry.resolve("heads", codec.head), "distribution": dict(codec.distribution)}
    spec = ModelSpec(
        event=codec.event,
        embedding=int(core.embedding),
        layers=(layer,) * core.layers,
        heads={"next": head},
        conditions=codec.conditions,
        dropout=float(core.dropout),
    )
    with seeded(recipe.seed):
        return Autoregressive(spec) if origin is None else origin.model_for(spec, codec)


def _feed(recipe: Recipe, codec: AbstractCodec, corpus: Corpus) -> Feed:
    training = recipe.training
    examples = [Example(s.events, s.condition, codec.beginnings(s.events)) for s in corpus.learned]
    start, end, seed = codec.start, codec.end, recipe.seed
    if training.shape == "pieces":
        return Pieces(examples, start, end, codec.conditions, training.rows, training.longest, seed)
    return Streams(examples, start, end, training.rows, training.window, seed)

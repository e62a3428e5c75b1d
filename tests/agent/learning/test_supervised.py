"""Images are learned to be told apart; what was learned is scored, kept, and handed to a mind."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mindloop.agent.config import (
    MindConfig,
    PerceptionConfig,
    PPOConfig,
    SupervisedConfig,
    TrainConfig,
)
from mindloop.agent.learning import supervised
from mindloop.agent.learning.classifier import (
    Classifier,
    Description,
    add_batch_norm,
    check_fit,
    fitting,
    fold_batch_norm,
    hand_over,
    load_classifier,
    read_description,
    save_classifier,
)
from mindloop.agent.learning.supervised import Epoch, Fitted, Scores, augment, fit, score
from mindloop.agent.learning.trainer import Trainer
from mindloop.agent.mind import Mind
from mindloop.agent.nets import ImageEncoder
from mindloop.agent.types import ActionKind, ActionSpec, Modality, Part, WorldSpec
from tests.agent.learning.shapes import CLASSES, SIDE, shapes

SMALL = SupervisedConfig(width=32, epochs=12, batch=32, learning_rate=3e-3, shift_px=1)
SHAPE = (SIDE, SIDE, 3)


def world(*shape: int) -> WorldSpec:
    """Returns a world that shows one image."""
    parts = (Part("camera", Modality.IMAGE, shape),)
    return WorldSpec("Made-v0", parts, ActionSpec(ActionKind.DISCRETE, (2,), names=("a", "b")))


@functools.cache
def learned() -> Fitted:
    """Returns a classifier of shapes, trained once for all tests."""
    return fit(shapes(360), shapes(90, 1), SMALL)


def test_shapes_are_told_apart() -> None:
    found = score(learned().model, shapes(300, 2))
    assert found.accuracy > 0.95
    assert found.commonest == pytest.approx(1 / 3)


@pytest.mark.parametrize("extra", [{}, {"dropout": 0.2, "batch_norm": True, "flips": True}])
def test_the_same_seed_gives_the_same_weights(extra: dict[str, bool]) -> None:
    config = replace(SMALL, epochs=2, **extra)  # type: ignore[arg-type]
    torch.manual_seed(1)
    one = fit(shapes(60), shapes(30, 1), config)
    torch.manual_seed(2)
    two = fit(shapes(60), shapes(30, 1), config)
    other = fit(shapes(60), shapes(30, 1), replace(config, seed=1))
    weights = [fitted.model.state_dict() for fitted in (one, two, other)]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert not torch.equal(weights[0]["head.weight"], weights[2]["head.weight"])
    assert one.history == two.history


def test_the_best_epoch_is_kept_and_patience_ends_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    losses = iter([3.0, 1.0, 2.0, 1.5, 1.0, 0.1])
    heads: list[torch.Tensor] = []

    def scored(model: Classifier, _: object) -> Scores:
        heads.append(model.head.weight.detach().clone())
        return Scores(next(losses), np.eye(3, dtype=np.int64))

    monkeypatch.setattr(supervised, "score", scored)
    found = fit(shapes(30), shapes(30, 1), replace(SMALL, patience=3))
    assert (found.best, found.end, len(found.history)) == (2, "patience", 5)
    assert torch.equal(found.model.head.weight, heads[1])


def test_an_interruption_keeps_the_best_so_far() -> None:
    def tell(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    found = fit(shapes(30), shapes(30, 1), SMALL, tell)
    assert found.end == "interrupted" and len(found.history) == 2 and found.best in (1, 2)


def test_an_infinite_loss_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"`learning_rate` must keep the loss finite"):
        fit(shapes(30), shapes(30, 1), replace(SMALL, learning_rate=1e30))


def test_scores_are_those_worked_out_by_hand() -> None:
    found = Scores(0.5, np.array([[6, 2, 0], [1, 3, 0], [0, 0, 0]]))
    assert found.images == 12 and found.accuracy == pytest.approx(9 / 12)
    assert found.commonest == pytest.approx(8 / 12)
    np.testing.assert_allclose(found.precision, [6 / 7, 3 / 5, np.nan])
    np.testing.assert_allclose(found.recall, [6 / 8, 3 / 4, np.nan])


def test_the_confusion_matrix_has_what_is_so_in_rows() -> None:
    model = Classifier(SHAPE, CLASSES, SMALL)
    nn.init.zeros_(model.head.weight)
    model.head.bias.data = torch.tensor([0.0, 1.0, 0.0])  # always says the second class
    found = score(model, shapes(9))
    assert found.confusion.tolist() == [[0, 3, 0], [0, 3, 0], [0, 3, 0]]
    chance = torch.tensor([0.0, 1.0, 0.0]).log_softmax(0)
    assert found.loss == pytest.approx(-float(chance.mean()), abs=1e-6)


def test_normalised_channels_have_mean_0_and_deviation_1() -> None:
    pixels = torch.from_numpy(shapes(60).pixels)
    model = Classifier(SHAPE, CLASSES, SMALL)
    model.normalise_by(pixels)
    seen: list[torch.Tensor] = []
    model.encoder.backbone.register_forward_pre_hook(lambda _, x: seen.append(x[0].clone()))
    model(pixels)
    assert seen[0].mean((0, 2, 3)).abs().max() < 1e-4
    assert (seen[0].std((0, 2, 3)) - 1).abs().max() < 1e-3


def test_augmentation_moves_mirrors_and_brightens_only_as_asked() -> None:
    pixels = torch.from_numpy(shapes(8).pixels)
    still = replace(SMALL, shift_px=0, brightness=0.0)
    rng = torch.Generator().manual_seed(0)
    assert torch.equal(augment(pixels, still, rng), pixels)
    mirrored = augment(pixels, replace(still, flips=True), rng)
    kinds = [(torch.equal(a, b), torch.equal(a, b.flip(1)))
             for a, b in zip(mirrored, pixels, strict=True)]
    assert all(any(kind) for kind in kinds) and len(set(kinds)) > 1
    ramp = torch.arange(5, dtype=torch.uint8).expand(1, 1, 5)[..., None].repeat(200, 5, 1, 1)
    moved = {tuple(one[0, :, 0].tolist()) for one in augment(ramp, replace(still, shift_px=1), rng)}
    assert moved == {(0, 0, 1, 2, 3), (0, 1, 2, 3, 4), (1, 2, 3, 4, 4)}  # the border is repeated
    grey = torch.full((100, 2, 2, 3), 100, dtype=torch.uint8)
    bright = augment(grey, replace(still, brightness=0.2), rng).float()
    assert 80 <= bright.min() < 90 and 110 < bright.max() <= 120
    assert (bright.std((1, 2, 3)) == 0).all()


@pytest.mark.parametrize("backbone", ["default", "impala", "reference"])
def test_folded_batch_norm_says_the_same(backbone: str) -> None:
    torch.manual_seed(0)
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), np.uint8))
    encoder = ImageEncoder((32, 32, 3), backbone, 32)
    plain = set(encoder.state_dict())
    add_batch_norm(encoder.backbone)
    norms = [one for one in encoder.modules() if isinstance(one, nn.BatchNorm2d)]
    assert len(norms) == sum(isinstance(one, nn.Conv2d) for one in encoder.modules()) > 0
    encoder.train()(pixels)  # the running statistics move
    with torch.no_grad():
        before = encoder.eval()(pixels)
        fold_batch_norm(encoder)
        after = encoder(pixels)
    assert set(encoder.state_dict()) == plain
    assert (before - after).abs().max() < 1e-4


def test_the_reference_network_is_the_one_described() -> None:
    encoder = ImageEncoder((32, 32, 3), "reference", 64)
    convolutions = [one for one in encoder.backbone.children() if isinstance(one, nn.Conv2d)]
    assert [one.out_channels for one in convolutions] == [32, 64, 64]
    assert encoder.dense.in_features == 4 * 4 * 64 and encoder.dense.out_features == 64
    # as TensorFlow's tutorial lists them
    counts = [sum(p.numel() for p in one.parameters()) for one in (*convolutions, encoder.dense)]
    assert counts == [896, 18_496, 36_928, 65_600]


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    model = learned().model
    save_classifier(model, tmp_path / "eyes", {"seed": 7})
    assert {path.name for path in (tmp_path / "eyes").iterdir()} == {
        "perception.json", "perception.safetensors",
    }  # fmt: skip
    again = load_classifier(tmp_path / "eyes")
    assert again.classes == CLASSES and again.config == SMALL
    pixels = torch.from_numpy(shapes(30, 3).pixels)
    with torch.no_grad():
        assert torch.equal(again(pixels), model(pixels))
    assert read_description(tmp_path / "eyes").card == {"seed": 7}


def test_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`perception` must be a folder that .* wrote"):
        load_classifier(tmp_path)
    save_classifier(learned().model, tmp_path, {})
    weights, text = tmp_path / "perception.safetensors", tmp_path / "perception.json"
    weights.write_bytes(weights.read_bytes()[:50])
    with pytest.raises(ValueError, match=r"must be whole; .*safetensors can't be read"):
        load_classifier(tmp_path)
    for content in ("{", '{"format": "else"}', '{"format": "mindloop perception"}'):
        text.write_text(content)
        with pytest.raises(ValueError, match=r"must be whole; .*json can't be read"):
            load_classifier(tmp_path)


def test_a_mind_sees_exactly_what_the_classifier_saw() -> None:
    model, spec = learned().model, world(*SHAPE)
    found = Description(model.shape, model.classes, model.config)
    config = MindConfig(perception=fitting(PerceptionConfig(features=16), found))
    mind = Mind(spec, config)
    hand_over(model, spec.parts, config.perception, mind.perception.encoders)
    pixels = torch.from_numpy(shapes(30, 4).pixels)
    with torch.no_grad():
        assert torch.equal(mind.perception.encode({"camera": pixels}), model.encoder(pixels))
        model_weights = model.encoder.dense.weight.clone()
        mind.perception.encoders[0].dense.weight.add_(1.0)  # type: ignore[union-attr, operator]
        assert torch.equal(model.encoder.dense.weight, model_weights), "nothing is shared"


def test_a_run_begins_with_the_encoder(tmp_path: Path) -> None:
    model = Classifier((20, 20, 3), CLASSES, SMALL)
    model.normalise_by(torch.from_numpy(shapes(30).pixels))
    save_classifier(model, tmp_path / "eyes", {})
    seen = fitting(PerceptionConfig(features=16), read_description(tmp_path / "eyes"))
    config = TrainConfig(
        env="tests.lamps:Lamps-v0", steps=16, mind=MindConfig(perception=seen),
        ppo=PPOConfig(ticks=4, lanes=2, minibatches=2), perception_from=str(tmp_path / "eyes"),
    )  # fmt: skip
    trainer = Trainer(config, tmp_path / "run")
    mine = trainer.mind.perception.encoders[0].state_dict()
    assert mine.keys() == model.encoder.state_dict().keys()
    assert all(torch.equal(mine[name], value) for name, value in model.encoder.state_dict().items())
    trainer.world.close()
    other = replace(config, mind=MindConfig(perception=replace(seen, backbone="small")))
    with pytest.raises(ValueError, match=r"`perception` must fit the mind; .*backbone"):
        Trainer(other, tmp_path / "other")


def test_what_does_not_fit_is_named() -> None:
    model = learned().model
    found = Description(model.shape, model.classes, model.config)
    mine = fitting(PerceptionConfig(), found)
    check_fit(found, world(*SHAPE).parts, mine)
    with pytest.raises(ValueError, match=r"size of the images \(20x20x3, the world's: 64x64x3\)"):
        check_fit(found, world(64, 64, 3).parts, mine)
    with pytest.raises(ValueError, match=r"backbone \(default, the mind's is impala\)"):
        check_fit(found, world(*SHAPE).parts, replace(mine, backbone="impala"))
    with pytest.raises(ValueError, match=r"width of the encoding \(32, .*normalisation"):
        check_fit(found, world(*SHAPE).parts, PerceptionConfig())


@pytest.mark.parametrize("wrong", [
    {"epochs": 0}, {"patience": 0}, {"batch": 0}, {"learning_rate": 0.0}, {"weight_decay": -1.0},
    {"dropout": 1.0}, {"brightness": -0.1}, {"shift_px": -1}, {"seed": -1},
])  # fmt: skip
def test_settings_out_of_range_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be"):
        replace(SMALL, **wrong)  # type: ignore[arg-type]

"""A language model as the encoder of texts: one made here, with a vocabulary of a few words and random weights."""

import json

import numpy as np
import pytest

from plurel_prob.errors import DatabaseError
from plurel_prob.rfm.cells.network import text_encoder
from plurel_prob.rfm.cells.training import TrainingConfig, folder_data, load_model, train
from tests.rfm.cells.training.databases import write_database

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "name", "of", "driver", "race", "##s")


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    pytest.importorskip("sentence_transformers")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("model")
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    transformers.BertModel(transformers.BertConfig(vocab_size=len(WORDS), **sizes)).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_texts_are_embedded_at_the_scale_of_the_network(model_folder):
    encoder = text_encoder(str(model_folder))
    vectors = encoder(["name of drivers", "race", "name of drivers"])
    assert encoder.dim == 16 and vectors.shape == (3, 16) and vectors.dtype == np.float32
    np.testing.assert_allclose((vectors**2).mean(1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[0], vectors[2], atol=1e-5)
    assert abs(vectors[0] - vectors[1]).max() > 1e-3


@pytest.mark.slow
def test_a_run_keeps_its_encoder(model_folder, tmp_path):
    write_database(tmp_path / "corpus" / "plurel-0", 0)
    data = folder_data([tmp_path / "corpus"], 64, 8)
    config = TrainingConfig(n_step=2, batch_size=4, context_length=64, n_masked=8, text_encoder=str(model_folder))
    train(data, tmp_path / "run", config, log_every=1)
    run = load_model(tmp_path / "run", str(model_folder))
    assert run.encoder.name == str(model_folder) and run.model.text.shape[0] == 16
    losses = [json.loads(line)["loss"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert len(losses) == 2 and np.isfinite(losses).all()


@pytest.mark.slow
def test_a_model_that_is_not_there_is_named(monkeypatch):
    pytest.importorskip("sentence_transformers")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DatabaseError, match="text encoder no-such/model: .*; or use hashed"):
        text_encoder("no-such/model")

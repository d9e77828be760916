"""The same numbers from torch and from dattri."""

import numpy
import torch


def autograd(export):
    """Every sequence's gradient by torch, through transformers and PEFT: of the mean negative
    log-likelihood of the answer, the prompt's keys and values but the last token's being constant."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(
        export.folder / "base", dtype=torch.float32, attn_implementation="eager"
    )
    model = PeftModel.from_pretrained(base, export.folder / "adapter", is_trainable=True).eval()
    parameters = dict(model.named_parameters())
    wanted = [parameters[matrix["name"]] for matrix in export.matrices]
    gradients = []
    for tokens, start in export.sequences:
        ids, context, past = torch.tensor([tokens]), start - 1, None
        if context:
            with torch.no_grad():
                past = model(ids[:, :context], use_cache=True).past_key_values
        logits = model(ids[:, context:-1], past_key_values=past, use_cache=True).logits[0]
        loss = torch.nn.functional.cross_entropy(logits, ids[0, start:])
        found = torch.autograd.grad(loss, wanted)
        gradients.append(torch.cat([gradient.flatten() for gradient in found]).numpy())
    return numpy.stack(gradients)


class Exported:
    """A task whose data are gradients already, of one layer."""

    def get_checkpoints(self):
        return [None]

    def get_param(self, ckpt_idx=0, layer_name=None, layer_split=False):
        return [torch.zeros(self.size)], ([0] if layer_split else None)

    def get_grad_loss_func(self, **_):
        return lambda _, data: data[0]

    get_grad_target_func = get_grad_loss_func

    def __init__(self, size):
        self.size = size


def loader(rows):
    rows = torch.tensor(rows)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(rows), batch_size=len(rows))


def products(export, normalized):
    """Gradient dot, or cosine."""
    from dattri.algorithm.tracin import TracInAttributor

    attributor = TracInAttributor(
        Exported(export.of_records.shape[1]), weight_list=torch.ones(1), normalized_grad=normalized
    )
    # None asks for no projection; the constructor takes it for the default.
    attributor.projector_kwargs = None
    return attributor.attribute(loader(export.of_records), loader(export.of_queries)).numpy()


def datainf(export):
    """DataInf, matrix by matrix: dattri takes one λ for all layers where the paper gives each its own."""
    from dattri.algorithm.influence_function import IFAttributorDataInf

    class Given(IFAttributorDataInf):
        def generate_train_rep(self, ckpt_idx, data):
            return data[0][0]

        generate_test_rep = generate_train_rep

    total = 0
    for matrix in export.matrices:
        columns = export.columns(matrix)
        records, queries = export.of_records[:, columns], export.of_queries[:, columns]
        size = records.shape[1]
        damping = export.damping * float((records.astype("f8") ** 2).sum()) / (len(records) * size)
        attributor = Given(Exported(size), regularization=damping)
        attributor.cache(loader(records))
        total = total + attributor.attribute(loader(records), loader(queries)).numpy()
    return total


def ekfac(export):
    """EK-FAC with the records' own labels by dattri-llm's kernels, from the factors of each token."""
    from dattri_llm.gradient.ops import kronecker

    total = 0
    for matrix in export.matrices:
        rows, columns = matrix["shape"]
        factors = export.factors(matrix)
        longest = max(len(inputs) for inputs, _ in factors)

        def padded(which, width):
            batch = torch.zeros(len(factors), longest, width)
            for at, pair in enumerate(factors):
                batch[at, : len(pair[which])] = torch.tensor(pair[which])
            return batch

        inputs, outputs = padded(0, columns), padded(1, rows)
        covariances = kronecker.kfac_factors(inputs, outputs, "nn.Linear")
        _, of_inputs, _, of_outputs = kronecker.kfac_eigh(*covariances)
        turned = kronecker.ekfac_materialize_factors(inputs, outputs, "nn.Linear", of_inputs, of_outputs)
        eigenvalues = turned.double().square().mean(dim=0)
        damped = eigenvalues + export.damping * eigenvalues.mean()
        queries = torch.tensor(export.of_queries[:, export.columns(matrix)]).reshape(-1, rows, columns)
        queries = (of_outputs.T @ queries @ of_inputs).flatten(start_dim=1)
        total = total + ((turned / damped) @ queries.double().T).numpy()
    return total

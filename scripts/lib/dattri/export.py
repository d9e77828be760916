"""What the example `estimators` exported."""

import json

import numpy


class Export:
    """Gradients, factors and scores, as arrays of single precision."""

    def __init__(self, folder):
        self.folder = folder
        index = json.loads((folder / "export.json").read_text())
        self.records, self.queries = index["records"], index["queries"]
        self.sequences, self.matrices = index["sequences"], index["matrices"]
        self.damping = index["damping"]
        gradients = self.read("gradients.f32").reshape(-1, index["parameters"])
        self.of_records, self.of_queries = gradients[: self.records], gradients[self.records :]

    def read(self, name):
        return numpy.fromfile(self.folder / name, dtype="<f4")

    def scores(self, name):
        """[records, queries], as dattri has them."""
        return self.read(f"{name}.f32").reshape(self.queries, self.records).T

    def columns(self, matrix):
        """Where a matrix lies in a gradient."""
        rows, columns = matrix["shape"]
        return slice(matrix["offset"], matrix["offset"] + rows * columns)

    def factors(self, matrix):
        """The rows of both factors of each record, the gradient's columns first: pairs of
        [tokens, columns] and [tokens, rows]."""
        rows, columns = matrix["shape"]
        rank, wide = (rows, columns) if matrix["side"] == "A" else (columns, rows)
        low = self.read(matrix["low"]).reshape(-1, rank)
        high = self.read(matrix["wide"]).reshape(-1, wide)
        inputs, outputs = (high, low) if matrix["side"] == "A" else (low, high)
        counts = [len(tokens) - start for tokens, start in self.sequences[: self.records]]
        ends = numpy.cumsum(counts)
        return [(inputs[end - n : end], outputs[end - n : end]) for end, n in zip(ends, counts)]

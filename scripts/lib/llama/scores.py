"""How far two implementations' scores are apart."""


def log_softmax(logits):
    import numpy

    shifted = logits.astype(numpy.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    return shifted - numpy.log(numpy.exp(shifted).sum(axis=-1, keepdims=True))


class Divergence:
    """KL(reference ‖ other) in nats, and what else tells two distributions apart, over positions."""

    def __init__(self):
        self.kl, self.agreed, self.gap, self.difference = [], 0, 0.0, 0.0

    def add(self, reference, other):
        """Takes logits, one row for each position."""
        import numpy

        p, q = log_softmax(reference), log_softmax(other)
        self.kl.extend((numpy.exp(p) * (p - q)).sum(axis=-1).tolist())
        best, own = reference.argmax(axis=-1), other.argmax(axis=-1)
        self.agreed += int((best == own).sum())
        rows = numpy.flatnonzero(best != own)
        self.gap = max([self.gap, *(p[rows, best[rows]] - p[rows, own[rows]]).tolist()])
        self.difference = max(self.difference, float(abs(p - q).max()))

    def mean(self):
        return sum(self.kl) / len(self.kl)

    def result(self):
        import numpy

        return {
            "positions": len(self.kl),
            "top1_agreement": self.agreed / len(self.kl),
            "kl_mean": self.mean(),
            "kl_p99": float(numpy.quantile(self.kl, 0.99)),
            "kl_max": max(self.kl),
            "largest_gap_where_top1_differs": self.gap,
            "largest_difference_of_log_probabilities": self.difference,
        }

    def within(self, bounds):
        """The result, and whether it keeps to the bounds: least agreement, largest divergence."""
        found = self.result()
        kept = found["top1_agreement"] >= bounds["top1_agreement"] and all(
            found[name] <= bounds[name] for name in ("kl_mean", "kl_p99")
        )
        return {**found, "bounds": bounds, "within_bounds": kept}


def loss(logits, tokens):
    """The sum of −log p of every token but the first."""
    import numpy

    following = numpy.array(tokens[1:])
    return -float(log_softmax(logits)[numpy.arange(len(following)), following].sum())

"""The same weights in single precision, decoded independently of both engines."""

import math
import struct

F32 = 0
ALIGNMENT = 32


def expand(source, target):
    """Writes the model's tensors as f32, with its metadata as they are."""
    import gguf
    import numpy

    reader = gguf.GGUFReader(source)
    tensors = reader.tensors
    with open(target, "wb") as out:
        # What comes before the first tensor's entry is header and metadata.
        out.write(reader.data[: tensors[0].field.offset].tobytes())
        offset = 0
        for tensor in tensors:
            name, shape = tensor.name.encode(), [int(width) for width in tensor.shape]
            out.write(struct.pack("<Q", len(name)) + name + struct.pack("<I", len(shape)))
            out.write(struct.pack(f"<{len(shape)}QIQ", *shape, F32, offset))
            offset += -(-math.prod(shape) * 4 // ALIGNMENT) * ALIGNMENT
        for tensor in tensors:
            out.write(bytes(-out.tell() % ALIGNMENT))
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            out.write(values.astype("<f4", copy=False).tobytes())

"""llama.cpp's C interface, of whichever Python package with llama.cpp in it is installed."""

import ctypes
import importlib.util
import pathlib
import sys


class ContextParams(ctypes.Structure):
    """The leading fields, stable for years; the rest is passed through as the library gave it."""

    _fields_ = [
        ("n_ctx", ctypes.c_uint32),
        ("n_batch", ctypes.c_uint32),
        ("n_ubatch", ctypes.c_uint32),
        ("n_seq_max", ctypes.c_uint32),
        # A struct this large is passed in memory, where more than the callee reads does no harm.
        ("rest", ctypes.c_uint8 * 1008),
    ]


class ModelParams(ctypes.Structure):
    _fields_ = [("opaque", ctypes.c_uint8 * 1024)]


class Batch(ctypes.Structure):
    _fields_ = [
        ("n_tokens", ctypes.c_int32),
        ("token", ctypes.POINTER(ctypes.c_int32)),
        ("embd", ctypes.POINTER(ctypes.c_float)),
        ("pos", ctypes.POINTER(ctypes.c_int32)),
        ("n_seq_id", ctypes.POINTER(ctypes.c_int32)),
        ("seq_id", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))),
        ("logits", ctypes.POINTER(ctypes.c_int8)),
    ]


# Where in a package the functions are: xllamacpp's extension module exports them.
PACKAGES = {"xllamacpp": "xllamacpp*.so", "llama_cpp": "lib/libllama.so"}


def shared_object():
    """The package's file; the package itself is not imported, as its Python code asks for more."""
    for package, name in PACKAGES.items():
        if found := importlib.util.find_spec(package):
            return next(pathlib.Path(found.origin).parent.glob(name))
    sys.exit(f"none of {', '.join(PACKAGES)} is installed")


def load():
    """The library with the types of what is called."""
    library = ctypes.CDLL(str(shared_object()))
    pointer, i32 = ctypes.c_void_p, ctypes.c_int32
    for name, result, arguments in [
        ("llama_backend_init", None, []),
        ("llama_log_set", None, [pointer, pointer]),
        ("llama_model_default_params", ModelParams, []),
        ("llama_context_default_params", ContextParams, []),
        ("llama_model_load_from_file", pointer, [ctypes.c_char_p, ModelParams]),
        ("llama_init_from_model", pointer, [pointer, ContextParams]),
        ("llama_free", None, [pointer]),
        ("llama_n_ctx", ctypes.c_uint32, [pointer]),
        ("llama_set_n_threads", None, [pointer, i32, i32]),
        ("llama_n_threads", i32, [pointer]),
        ("llama_model_get_vocab", pointer, [pointer]),
        ("llama_vocab_n_tokens", i32, [pointer]),
        (
            "llama_tokenize",
            i32,
            [pointer, ctypes.c_char_p, i32, pointer, i32, ctypes.c_bool, ctypes.c_bool],
        ),
        ("llama_batch_init", Batch, [i32, i32, i32]),
        ("llama_batch_free", None, [Batch]),
        ("llama_decode", i32, [pointer, Batch]),
        ("llama_get_logits_ith", ctypes.POINTER(ctypes.c_float), [pointer, i32]),
        ("llama_adapter_lora_init", pointer, [pointer, ctypes.c_char_p]),
        (
            "llama_set_adapters_lora",
            i32,
            [pointer, ctypes.POINTER(pointer), ctypes.c_size_t, ctypes.POINTER(ctypes.c_float)],
        ),
        ("llama_print_system_info", ctypes.c_char_p, []),
    ]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def resident_mib():
    """Memory of this process, the model's mapped file included; none where the system does not tell."""
    try:
        lines = pathlib.Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return round(int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024, 1)


class Llama:
    """One model, loaded, with an adapter where one is named."""

    def __init__(self, path, adapter=None):
        self.c = c = load()
        pointer = ctypes.c_void_p
        self._quiet = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, pointer)(
            lambda level, text, data: None
        )
        c.llama_log_set(ctypes.cast(self._quiet, pointer), None)
        c.llama_backend_init()
        self.model = c.llama_model_load_from_file(
            str(path).encode(), c.llama_model_default_params()
        )
        if not self.model:
            sys.exit(f"llama.cpp cannot load {path}")
        self.adapter = None
        if adapter:
            self.adapter = c.llama_adapter_lora_init(self.model, str(adapter).encode())
            if not self.adapter:
                sys.exit(f"llama.cpp cannot load {adapter}")
        self.vocab = c.llama_model_get_vocab(self.model)
        self.n_vocab = c.llama_vocab_n_tokens(self.vocab)

    def tokenize(self, text):
        data = text.encode()
        room = len(data) + 8
        out = (ctypes.c_int32 * room)()
        n = self.c.llama_tokenize(self.vocab, data, len(data), out, room, False, True)
        if n < 0:
            sys.exit(f"llama.cpp cannot tokenise {text!r}")
        return list(out[:n])

    def logits(self, tokens):
        """Logits after every token, one row for each."""
        import numpy

        session = Session(self, len(tokens))
        session.run(tokens, every=True)
        rows = [session.row(i).copy() for i in range(len(tokens))]
        session.close()
        return numpy.stack(rows)


class Session:
    """A sequence of at most `room` tokens that grows."""

    def __init__(self, llama, room, threads=None):
        self.llama, self.c = llama, llama.c
        params = self.c.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = max(512, room)
        self.context = self.c.llama_init_from_model(llama.model, params)
        if not self.context or self.c.llama_n_ctx(self.context) < room:
            sys.exit("llama.cpp gave no context of the size asked for")
        if llama.adapter:
            adapters, scales = (ctypes.c_void_p * 1)(llama.adapter), (ctypes.c_float * 1)(1.0)
            if self.c.llama_set_adapters_lora(self.context, adapters, 1, scales) != 0:
                sys.exit("llama.cpp does not take the adapter")
        if threads:
            self.c.llama_set_n_threads(self.context, threads, threads)
        self.batch = self.c.llama_batch_init(room, 0, 1)
        self.length = 0

    def run(self, tokens, every=False):
        """Appends tokens; scores after the last of them, or after every one."""
        batch = self.batch
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i] = token, self.length + i
            batch.logits[i] = every or i + 1 == len(tokens)
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        if self.c.llama_decode(self.context, batch) != 0:
            sys.exit("llama_decode failed")
        self.length += len(tokens)

    def row(self, index):
        """Logits after a token of the last run; memory of the library's, until the next run."""
        import numpy

        scores = self.c.llama_get_logits_ith(self.context, index)
        return numpy.ctypeslib.as_array(scores, (self.llama.n_vocab,))

    def close(self):
        self.c.llama_batch_free(self.batch)
        self.c.llama_free(self.context)

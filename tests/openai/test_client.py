"""OpenAI's own client against `openledger model serve`."""

import json
import unittest
from concurrent.futures import ThreadPoolExecutor

import openai
import pydantic
from server import KEY, Server

MESSAGES = [{"role": "user", "content": "the one and another"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "description": "Looks a word up.",
            "parameters": {
                "type": "object",
                "properties": {"word": {"enum": ["lien", "tort"]}, "exact": {"type": "boolean"}},
                "required": ["word", "exact"],
                "additionalProperties": False,
            },
        },
    }
]


class Verdict(pydantic.BaseModel):
    """What a structured answer is read into."""

    right: bool
    points: int = pydantic.Field(ge=0, le=9)


def setUpModule():
    global server, client
    server = Server()
    unittest.addModuleCleanup(server.stop)
    client = openai.OpenAI(base_url=server.url, api_key=KEY, max_retries=0)


def chat(model="first", **more):
    more = {"temperature": 0, "max_tokens": 12, "messages": MESSAGES, **more}
    return client.chat.completions.create(model=model, **more)


def content(answer):
    return answer.choices[0].message.content


class Models(unittest.TestCase):
    def test_models_are_the_base_and_its_adapters(self):
        self.assertEqual([model.id for model in client.models.list()], ["tiny", "first", "second"])

    def test_model_has_an_entry_of_its_own_when_it_is_asked_for(self):
        self.assertEqual(client.models.retrieve("first").id, "first")
        with self.assertRaises(openai.NotFoundError):
            client.models.retrieve("third")


class Answers(unittest.TestCase):
    def test_chat_is_answered_the_same_whole_and_streamed(self):
        whole = chat()
        self.assertEqual(whole.choices[0].finish_reason, "length")
        self.assertEqual(whole.usage.completion_tokens, 12)
        chunks = list(chat(stream=True, stream_options={"include_usage": True}))
        pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
        self.assertEqual("".join(pieces), content(whole))
        self.assertEqual(chunks[-1].usage, whole.usage)

    def test_models_answer_differently_and_mixtures_too(self):
        answers = [content(chat(model)) for model in ("tiny", "first", "second")]
        mixture = [{"name": "first", "weight": 0.5}, {"name": "second", "weight": 0.5}]
        answers.append(content(chat(extra_body={"adapters": mixture})))
        self.assertEqual(len(set(answers)), 4)

    def test_seed_repeats_answers_and_tells_several_apart(self):
        ask = {"temperature": 1.5, "seed": 7, "n": 3}
        first, again = chat(**ask), chat(**ask)
        texts = [choice.message.content for choice in first.choices]
        self.assertEqual(texts, [choice.message.content for choice in again.choices])
        self.assertEqual(len(set(texts)), 3)

    def test_completion_goes_on_from_its_prompt(self):
        ask = {"model": "first", "prompt": "the one", "temperature": 0, "max_tokens": 8}
        whole = client.completions.create(**ask)
        echoed = client.completions.create(**ask, echo=True)
        self.assertEqual(echoed.choices[0].text, "the one" + whole.choices[0].text)
        stream = client.completions.create(**ask, stream=True)
        self.assertEqual("".join(chunk.choices[0].text for chunk in stream), whole.choices[0].text)

    def test_stop_ends_an_answer(self):
        whole = content(chat())
        stopped = chat(stop=whole[3:5])
        self.assertEqual(content(stopped), whole.split(whole[3:5])[0])
        self.assertEqual(stopped.choices[0].finish_reason, "stop")


class LogProbabilities(unittest.TestCase):
    def test_chat_tells_them_with_alternatives(self):
        choice = chat(logprobs=True, top_logprobs=4).choices[0]
        self.assertEqual(len(choice.logprobs.content), 12)
        for token in choice.logprobs.content:
            self.assertEqual(len(token.top_logprobs), 4)
            self.assertEqual(token.top_logprobs[0].logprob, token.logprob)
        told = b"".join(bytes(token.bytes) for token in choice.logprobs.content)
        self.assertEqual(told.decode(errors="replace"), choice.message.content)

    def test_completion_tells_them_in_its_own_shape(self):
        answer = client.completions.create(
            model="tiny", prompt="the one", logprobs=2, max_tokens=5, temperature=0
        )
        told = answer.choices[0].logprobs
        self.assertEqual([len(told.tokens), len(told.token_logprobs), len(told.text_offset)], [5] * 3)
        self.assertLessEqual(max(told.token_logprobs), 0)

    def test_bias_decides(self):
        self.assertEqual(content(chat(logit_bias={"80": 100}, max_tokens=1)),
                         content(chat("tiny", logit_bias={"80": 100}, max_tokens=1)))


class Structured(unittest.TestCase):
    def test_answer_is_read_into_a_class(self):
        for seed in range(4):
            answer = client.chat.completions.parse(
                model="first", messages=MESSAGES, response_format=Verdict, seed=seed, max_tokens=60
            )
            self.assertIn(answer.choices[0].message.parsed.points, range(10))

    def test_answer_follows_an_expression(self):
        answer = chat(extra_body={"guided_regex": "[ab]{2}c"})
        self.assertRegex(content(answer), "^[ab]{2}c$")

    def test_schema_is_refused_when_it_is_malformed(self):
        schema = {"name": "odd", "schema": {"type": "odd"}}
        with self.assertRaisesRegex(openai.BadRequestError, "odd"):
            chat(response_format={"type": "json_schema", "json_schema": schema})


class Tools(unittest.TestCase):
    def test_tool_is_called_and_its_result_taken_back(self):
        ask = {"tools": TOOLS, "tool_choice": "required", "max_tokens": 100}
        message = chat(**ask).choices[0].message
        (call,) = message.tool_calls
        self.assertIn(json.loads(call.function.arguments)["word"], ["lien", "tort"])
        result = {"role": "tool", "tool_call_id": call.id, "content": "A right to hold goods."}
        history = [*MESSAGES, message.model_dump(exclude_none=True), result]
        self.assertIsNotNone(content(chat(messages=history, tools=TOOLS)))

    def test_tool_is_called_in_a_stream(self):
        choice = {"type": "function", "function": {"name": "look_up"}}
        with client.chat.completions.stream(
            model="first", messages=MESSAGES, tools=TOOLS, tool_choice=choice, max_tokens=100
        ) as stream:
            final = stream.get_final_completion().choices[0]
        self.assertEqual(final.finish_reason, "tool_calls")
        self.assertIn("exact", json.loads(final.message.tool_calls[0].function.arguments))


class Refusals(unittest.TestCase):
    def test_unknown_model_is_not_found(self):
        with self.assertRaises(openai.NotFoundError) as refused:
            chat("third")
        self.assertEqual(refused.exception.code, "model_not_found")

    def test_request_is_bad_when_a_number_is_out_of_range(self):
        for odd in ({"temperature": -1}, {"max_tokens": 0}, {"n": 0}, {"top_logprobs": 30}):
            with self.subTest(odd), self.assertRaises(openai.BadRequestError):
                chat(**odd)

    def test_prompt_is_refused_when_it_is_too_long(self):
        with self.assertRaises(openai.BadRequestError) as refused:
            chat(messages=[{"role": "user", "content": "x " * 3_000}])
        self.assertEqual(refused.exception.code, "context_length_exceeded")

    def test_key_is_asked_for(self):
        stranger = openai.OpenAI(base_url=server.url, api_key="another", max_retries=0)
        with self.assertRaises(openai.AuthenticationError):
            stranger.models.list()

    def test_too_many_are_told_to_come_back(self):
        small = Server("--running", "1", "--waiting", "1")
        self.addCleanup(small.stop)
        busy = openai.OpenAI(base_url=small.url, api_key=KEY, max_retries=0)

        def ask(_):
            try:
                busy.chat.completions.create(model="tiny", messages=MESSAGES, max_tokens=500)
            except openai.RateLimitError as refused:
                return int(refused.response.headers["retry-after"])

        with ThreadPoolExecutor(20) as pool:
            waits = list(pool.map(ask, range(40)))
        self.assertIn(None, waits)
        self.assertIn(1, waits)


if __name__ == "__main__":
    unittest.main()

"""python3 -B -m unittest discover scripts/lib/corpora"""

import unittest

import dialogue
import text
import topics

HEAD = "categories:\n- x\nconversations:\n"


def read(body):
    return list(dialogue.conversations(HEAD + body))


class Dialogue(unittest.TestCase):
    def test_plain_strings_are_folded_when_they_span_lines(self):
        self.assertEqual(read("- - a\n  - b\n    c\n"), [["a", "b c"]])

    def test_quotes_are_undone_when_strings_are_quoted(self):
        self.assertEqual(read("- - 'it''s'\n  - \"a\\tb\"\n"), [["it's", "a\tb"]])

    def test_line_breaks_are_kept_when_a_block_is_literal(self):
        self.assertEqual(read("- - a\n  - |\n    b\n      c\n"), [["a", "b\n  c\n"]])

    def test_lone_question_is_left_out_when_nobody_answers(self):
        self.assertEqual(read("- - a\n- - b\n  - c\n"), [["b", "c"]])

    def test_file_is_refused_when_it_has_no_conversations(self):
        with self.assertRaises(ValueError):
            list(dialogue.conversations("categories:\n- x\n"))

    def test_file_is_refused_when_a_reply_has_no_question(self):
        with self.assertRaises(ValueError):
            read("  - b\n")

    def test_file_is_refused_when_quotes_are_unbalanced(self):
        with self.assertRaises(ValueError):
            read("- - 'a\n  - b\n")

    def test_file_is_refused_when_it_uses_other_yaml(self):
        for value in ("[a, b]", "{a: b}", "&a b", "*a", "!tag a", "> folded"):
            with self.subTest(value), self.assertRaises(ValueError):
                read(f"- - a\n  - {value}\n")

    def test_file_is_refused_when_a_line_fits_nothing(self):
        with self.assertRaises(ValueError):
            read("- - a\n  - b\nmore: c\n")


class Text(unittest.TestCase):
    def test_sentences_stay_whole_when_abbreviations_end_in_a_stop(self):
        parts = text.sentences("It fails, e.g. When asked. Then it stops.")
        self.assertEqual(parts, ["It fails, e.g. When asked.", "Then it stops."])

    def test_pick_spreads_evenly_when_fewer_are_wanted(self):
        self.assertEqual(text.pick(list(range(10)), 5), [0, 2, 4, 6, 8])

    def test_first_letter_stays_when_the_word_is_an_abbreviation(self):
        self.assertEqual(text.lower_first("SQL is"), "SQL is")
        self.assertEqual(text.lower_first("The product"), "the product")


class Topics(unittest.TestCase):
    def test_answer_is_refused_when_it_speaks_as_a_robot(self):
        self.assertFalse(topics.informative("science", "science", "What is x?", "I do not know it."))

    def test_answer_is_refused_when_it_is_one_word(self):
        self.assertFalse(topics.informative("science", "science", "What is x?", "Photosynthesis."))

    def test_answer_is_refused_when_it_is_over_the_budget(self):
        answer = "word " * text.BUDGET
        self.assertFalse(topics.informative("science", "science", "What is x?", answer))

    def test_answer_is_taken_when_it_informs(self):
        answer = "The study of cells."
        self.assertTrue(topics.informative("science", "science", "What is cytology?", answer))

    def test_question_is_never_repeated_when_reworded(self):
        for question in ("What is cytology?", "Who invented scissors?", "How many ribs are there?"):
            with self.subTest(question):
                self.assertNotEqual(text.key(topics.reword(question, False)), text.key(question))

    def test_question_is_not_reworded_when_no_form_fits(self):
        self.assertIsNone(topics.reword("Tanks were used first in which conflict?", True))


if __name__ == "__main__":
    unittest.main()

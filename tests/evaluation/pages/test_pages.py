"""Reports as HTML and Markdown: names are never markup, numbers read well, pictures are well-formed."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.evaluation.intervals import Estimate
from earmark.evaluation.pages.charts import Dots, dots_svg, tippett_svg
from earmark.evaluation.pages.document import (
    Bullets,
    Document,
    Figure,
    Notice,
    Section,
    Table,
    Text,
    one_in,
    percent,
    with_interval,
)
from earmark.evaluation.pages.html import to_html
from earmark.evaluation.pages.markdown import to_markdown

EVIL = "<img src=x onerror=alert(1)> | `a` [b](http://c) *d*"


def page(words: str) -> Document:
    blocks = (
        Text(words),
        Notice(words),
        Bullets((words,)),
        Table((words, "n"), ((words, "1.0 % (0.5 to 2)"),)),
        Figure("f", "<svg/>", words),
    )
    return Document(words, words, (Section(words, blocks),), words)


def test_a_name_is_never_markup() -> None:
    html, markdown = to_html(page(EVIL)), to_markdown(page(EVIL))
    assert "<img" not in html
    assert "&lt;img" in html
    assert "<img" not in markdown.replace("\\<img", "")
    assert "](http" not in markdown.replace("\\](", "")
    rows = [line for line in markdown.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {3}


@given(st.text(max_size=60))
def test_any_name_leaves_the_page_whole(words: str) -> None:
    html = to_html(page(words))
    assert html.count("<td") == 2
    assert html.count("<section>") == html.count("</section>") == 1
    assert "<script" not in html


def test_numbers_are_written_to_be_read() -> None:
    assert [percent(rate) for rate in (0.5, 0.0999, 0.0123, 0.001, 0.0003, 0.00001, 0.0)] == [
        *("50.0 %", "9.99 %", "1.23 %", "0.10 %", "0.030 %", "0.001 %", "0.00 %"),
    ]
    assert percent(float("nan")) == "-"
    assert one_in(0.001) == "1 in 1,000"
    some = Estimate(0.044, 0.031, 0.058, np.zeros(1))
    assert with_interval(some) == "4.40 % (3.10 to 5.80)"
    assert with_interval(some, rate=False) == "0.044 (0.031 to 0.058)"
    assert with_interval(None) == "too few"


def test_pictures_are_well_formed_and_inside_their_frame() -> None:
    rates = [Estimate(0.01, 0.0, 0.05, np.zeros(1)), None, Estimate(0.0, 0.0, 0.3, np.zeros(1))]
    tree = ElementTree.fromstring(
        dots_svg("A < B", ["one & two", "x" * 60, "three"], [Dots("FMR", rates)], marks=(0.01,))
    )
    circles = [node for node in tree.iter() if node.tag.endswith("circle")]
    assert len(circles) == 3  # two rates and the key
    assert all(180 <= float(node.attrib["cx"]) <= 940 for node in circles)
    draw = np.random.default_rng(1)
    text = tippett_svg("Tippett", draw.normal(1, 1, 500), draw.normal(-2, 1, 500), case=[9.0])
    lines = [node for node in ElementTree.fromstring(text).iter() if node.tag.endswith("polyline")]
    for line in lines:
        heights = [float(point.split(",")[1]) for point in line.attrib["points"].split()]
        assert heights == sorted(heights)  # shares fall, so the curve goes down
        assert heights[0] == pytest.approx(62, abs=2)


def test_rates_that_are_all_zero_are_drawn_too() -> None:
    zero = Estimate(0.0, 0.0, 0.0, np.zeros(1))
    ElementTree.fromstring(dots_svg("zero", ["a"], [Dots("FMR", [zero])]))

"""How inputs are made: sound ones cut, doubled, exchanged and sprinkled with what parsers stumble over."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.targets import seeds

WORDS = (
    *(b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"<?x?>", b"&#0;", b"&#x10FFFF;", b"<!DOCTYPE a []>"),
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc0\xaf", b"\xed\xa0\x80", b"\x80", b"\r", b"\n", b"\t"),
    *(b'"', b"'", b",", b";", b"+", b":", b"?", b"*", b"{", b"}", b"[", b"]", b"\\u0000", b"\\ud800"),
    *(b"-1", b"0", b"1e999", b"NaN", b"9" * 40, b"%00", b"../", b"=cmd|x!A1", b"' OR 1=1 --", b"$(id)"),
    *("榴".encode(), "\u202e".encode(), "\ufeff".encode(), "𠮷".encode("gb18030"), b"xmlns", b' xmlns:a="b"'),
)


@st.composite
def inputs(draw: st.DrawFn, target: str) -> bytes:
    """Draw an input for a target: mostly something kept with a few changes, now and then noise."""
    data = draw(st.one_of(*[st.just(seed) for seed in seeds(target)], st.binary(max_size=200)))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from((0, 1, 1, 2, 4, 16, 64, 512))))
        new = draw(
            st.one_of(
                st.just(b""),
                st.sampled_from(WORDS),
                st.binary(max_size=4),
                st.just(data[start:end] * 2),
                st.just(data[end : end + 64]),
            )
        )
        data = data[:start] + new + data[end:]
    return data

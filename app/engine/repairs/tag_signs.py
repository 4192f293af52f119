"""The tags of chat templates, as they leak. No decision is made here."""

import re

THINK = r"(?:think|thinking|thought|reasoning|seed:think)"
OPEN_THINK = rf"<{THINK}>|\[THINK\]|<\|START_THINKING\|>"
END_THINK = rf"</{THINK}>|\[/THINK\]|<\|END_THINKING\|>|<channel\|>"
CHANNEL = (
    r"(?:<\|start\|>\s?(?:assistant)?\s?)?<\|channel\|?>\s?(?P<channel>analysis|thought|commentary|final)"
    r"(?P<to>[^<\n]{0,120}(?:<\|constrain\|>[^<\n]{0,20})?)(?:<\|message\|>|(?<=thought)\n?)"
)
"""Harmony's header of a message, and that of Gemma's thoughts."""
OPEN_CALL = (
    r"<\|?tool_calls?\|?>|<\|python_tag\|>|\[TOOL_CALLS\]|<function_calls>|<function=[\w.:/-]{1,120}>"
    r"|<(?:function|invoke) name=\s?[\"']?[\w.:/-]{1,120}[\"']?\s?>|\bto=functions\.[\w.-]{1,120}"
    r"|<[|｜]tool[▁_]calls?[▁_]begin[|｜]>"
)
END_CALL = (
    r"</tool_calls?>|</function_calls>|<tool_call\|>|<\|/tool_calls?\|?>|\[/TOOL_CALLS\]|</function>|</invoke>"
    r"|<\|(?:call|end|im_end|eot_id|eom_id)\|>|<[|｜]tool[▁_]calls?[▁_]end[|｜]>"
)
TURN = (
    r"(?:<\|start_header_id\|>(?:\s?(?:assistant|user|system|tool|ipython)\s?(?:<\|end_header_id\|>)?)?"
    r"|(?:<\|(?:im_start|start)\|>|<start_of_turn>)(?:\s?(?:assistant|user|system|tool|model)(?![\w-]))?)"
)
MARK = (
    rf"{TURN}|<\|channel\|?>\s?(?:final|analysis)?|<\|message\|>|<[|｜][\w▁]{{1,32}}[|｜]>|<end_of_turn>|<eos>|<bos>|<pad>"
    rf"|</s>|\[/?INST\]|</?tool_response>|{END_CALL}"
)
TAG = re.compile(
    rf"(?P<header>{CHANNEL})|(?P<think>{OPEN_THINK})|(?P<unthink>{END_THINK})|(?P<call>{OPEN_CALL})|(?P<mark>{MARK})"
)
RUN = re.compile(rf"(?:(?:{MARK}|<\|channel\|?>\s?final<\|message\|>)\s{{0,6}})*(?:{MARK})")
"""Marks in a row, with nothing but white space between them."""
ENDS_OF_THINKING = {
    "think": re.compile(END_THINK),
    "header": re.compile(
        rf"{END_THINK}|<\|end\|>(?:\s?<\|start\|>(?:assistant)?(?=<\|channel\|>))?|<\|return\|>"
        rf"|(?:<\|start\|>\s?(?:assistant)?)?(?=<\|channel\|>\s?(?:final|commentary))|<\|start\|>(?:assistant)?"
    ),
}
ENDS_OF_CALLS = re.compile(END_CALL)
UNFINISHED = re.compile(
    r"(?:<[|｜/]?[\w▁:=]{0,32}[|｜]?|<function=[\w.:/-]{0,120}|<(?:function|invoke) ?(?:name|nam|na|n)?"
    r"|<(?:function|invoke) name=[^>\n]{0,124}|\[/?[A-Z_]{0,12}"
    r"|\bto=?(?:functions|function|functio|functi|funct|func|fun|fu|f)?"
    r"|\bto=functions\.[\w.-]{0,120}|`+)\Z"
)
NOT_PLAIN = re.compile(r"[<\[`=\n]|to\Z")
"""Without these no tag, no code and no line begins: most pieces are such, and there is one for each token."""

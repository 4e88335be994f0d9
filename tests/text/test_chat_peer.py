"""Chat templates: the texts of transformers' apply_chat_template; strangers' programs kept in bounds."""

import time

import pytest
from transformers.utils import chat_template_utils as hf

from fastseq.errors import ArgumentError, ArgumentTypeError, FormatError
from fastseq.text.chat import ChatTemplate

pytestmark = pytest.mark.peers

# written anew in the shapes of the families
TEMPLATES = {
    "chatml": """{% for message in messages %}
{% if loop.first and message['role'] != 'system' %}
{{ '<|im_start|>system\\nYou help.<|im_end|>\\n' }}
{% endif %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""",
    "headers": """{{- bos_token }}
{%- if not date is defined %}{% set date = '26 Jul 2024' %}{% endif %}
{%- for m in messages %}
    {%- set text = '<|h|>' + m['role'] + '<|/h|>\\n\\n' + m['content'] | trim + '<|eot|>' %}
    {{- text }}
{%- endfor %}
{%- if tools is not none %}{{ tools | tojson(indent=2) }}{{ tools | tojson }}{% endif %}
{{- date -}}
{% if add_generation_prompt %}{{ '<|h|>assistant<|/h|>\\n\\n' }}{% endif %}""",
    "inst": """{% if messages[0]['role'] == 'system' %}
    {% set loop_messages = messages[1:] %}
    {% set system = messages[0]['content'] %}
{% else %}
    {% set loop_messages = messages %}
    {% set system = false %}
{% endif %}
{% for message in loop_messages %}
    {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{ raise_exception('roles take turns') }}
    {% endif %}
    {% if loop.index0 == 0 and system != false %}
        {% set content = '<<SYS>>\\n' ~ system ~ '\\n<</SYS>>\\n\\n' ~ message['content'] %}
    {% else %}
        {% set content = message['content'] %}
    {% endif %}
    {% if message['role'] == 'user' %}
        {{- bos_token ~ '[INST] ' ~ content.strip() ~ ' [/INST]' }}
    {% else %}
        {{- ' ' + content.strip() + ' ' + eos_token }}
    {% endif %}
{% endfor %}""",
    "turns": """{{ bos_token }}
{%- macro turn(role, text) -%}<start>{{ 'model' if role == 'assistant' else role }}
{{ text | trim }}<end>
{% endmacro -%}
{% for message in messages %}{% if message.role == 'skip' %}{% continue %}{% endif %}
{% generation %}{{ turn(message.role, message.content) }}{% endgeneration %}
{% endfor %}{% if add_generation_prompt %}<start>model
{% endif %}""",
    "thinking": """{%- set ns = namespace(last=messages | length - 1, seen=[]) %}
{%- for m in messages[::-1] %}{%- set ns.seen = ns.seen + [m.role] %}
{%- if m.role == 'user' %}{% break %}{% endif %}{% endfor %}
{%- for m in messages %}
{%- set content = m.content if m.content is string else '' %}
{%- if m.reasoning_content is defined %}<think>{{ m.reasoning_content.strip('\\n') }}</think>{% endif %}
{%- if '</think>' in content %}{% set content = content.split('</think>')[-1].lstrip('\\n') %}{% endif %}
{{- loop.index ~ '/' ~ loop.length ~ ' ' ~ m.role ~ ': ' ~ content }}{{ '' if loop.last else '|' }}
{%- for call in m.tool_calls or [] %}
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
{%- endfor %}{% endfor %}{{ ns.seen | join(',') }}{{ dict(a=1, b='x') | tojson(separators=(',', ':')) }}""",
}  # fmt: skip
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}
TOOL = {"type": "function", "function": {"name": "wetter", "parameters": {"größe": [1, None, True, "<&>"]}}}
CHATS = [
    [{"role": "user", "content": "Hello"}],
    [
        {"role": "system", "content": " Be short. "},
        {"role": "user", "content": "Wie geht's?\n\n"},
        {"role": "assistant", "content": "<think>hm</think>\nGut <b>&</b>", "reasoning": "\nwell\n"},
        {"role": "user", "content": "日本 \U0001f600"},
    ],
    [
        {"role": "user", "content": "what"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1}}}],
        },
    ],
]


def both(source, chat, **options):
    """What transformers renders, and what fastseq does; None for an exception."""
    (wanted,), _ = hf.render_jinja_template([chat], chat_template=source, **SPECIAL, **options)
    return wanted, ChatTemplate(source, **SPECIAL).render(chat, **options)


@pytest.mark.parametrize("name", TEMPLATES)
def test_as_transformers(name):
    for chat in CHATS:
        if chat[-1]["content"] is None and name != "thinking":
            continue
        for options in (
            {},
            {"add_generation_prompt": True},
            {"tools": [TOOL]},
            {"date": "now", "nested": {"a": [1.5, "x"]}},
        ):
            wanted, mine = both(TEMPLATES[name], chat, **options)
            assert mine == wanted
        if chat[-1]["content"]:
            wanted, mine = both(TEMPLATES[name], chat, continue_final_message=True)
            assert mine == wanted
            assert mine.endswith(chat[-1]["content"].strip())


def test_what_a_template_refuses():
    chat = [{"role": "assistant", "content": "I first"}]
    with pytest.raises(FormatError, match="roles take turns"):
        ChatTemplate(TEMPLATES["inst"], **SPECIAL).render(chat)
    with pytest.raises(FormatError, match="line 2: not a template"):
        ChatTemplate("x\n{% for %}").render(chat)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ messages.append(1) }}",
        "{{ namespace(_x=1) }}",
        "{% include 'x' %}",
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{% set n = namespace(s='ab') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
        "{% set n = namespace(s='ab') %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}",
        "{% set n = namespace(s=[]) %}{% for i in range(60) %}{% set n.s = [n.s] * 2 %}{% endfor %}{{ n.s }}",
        "{{ 'a' * 10**10 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ 'a'.center(10**10) }}",
        "{{ 'a' | center(9999999999) }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ '%9999999999d' | format(1) }}",
        "{{ '{:9999999999d}'.format(1) }}",
        "{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}",
        "{{ messages | tojson(indent=9999999999) }}",
        "{{ range(9999999999) }}",
        "{% for i in range(100000) %}{{ 'abcdefghij' * 1000 }}{% endfor %}",
    ],
)
def test_strangers_programs_stay_in_bounds(source, monkeypatch):
    monkeypatch.setattr("fastseq.text.chat.SECONDS", 0.3)
    begun = time.perf_counter()
    with pytest.raises(FormatError, match="chat template"):
        ChatTemplate(source).render([{"role": "user", "content": "x"}])
    assert time.perf_counter() - begun < 5


def test_messages_are_plain_data():
    template = ChatTemplate(TEMPLATES["chatml"])
    for wrong in (
        "text",
        {"content": "x"},
        {"role": 1, "content": "x"},
        {"role": "user", "content": object()},
    ):
        with pytest.raises(ArgumentTypeError, match=r"messages\[0\]"):
            template.render([wrong])
    nested: list = []
    nested.append(nested)
    with pytest.raises(ArgumentError, match="too deep"):
        template.render([{"role": "user", "content": nested}])
    for chat in ([], [{"role": "user"}]):
        with pytest.raises(ArgumentError, match="nothing to go on with"):
            template.render(chat, continue_final_message=True)
    with pytest.raises(ArgumentError, match="not both"):
        template.render(CHATS[0], continue_final_message=True, add_generation_prompt=True)
    with pytest.raises(FormatError, match="does not keep"):
        ChatTemplate("nothing").render(CHATS[0], continue_final_message=True)

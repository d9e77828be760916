//! Templates written with the constructs that those of Qwen2.5, Qwen3, Mistral and Llama 3.1 use.

use super::*;

fn render(template: &str, messages: &[(&str, &str)]) -> Result<String> {
	let special = SpecialTexts { bos: "<s>".into(), eos: "</s>".into() };
	let messages: Vec<_> =
		messages.iter().map(|(role, content)| Message::new(*role, *content)).collect();
	ChatTemplate::new(template, special)?.render(&messages, true)
}

/// A first message by itself, tools if there are any, and tool calls that plain messages lack.
const QWEN25: &str = r#"
{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- for tool in tools %}
        {{- "\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "<|im_end|>\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
    {%- else %}
        {{- '<|im_start|>system\nBe brief.<|im_end|>\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\n{"name": "' ~ tool_call.name ~ '", "arguments": ' ~ tool_call.arguments | tojson ~ '}' }}
        {%- endfor %}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\n<tool_response>\n' ~ message.content ~ '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
"#;

#[test]
fn turns_follow_a_default_system_message_when_written_as_qwen25() {
	let of = |messages| render(QWEN25, messages).unwrap();
	let end = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";
	assert_eq!(of(&[("user", "Hi")]), format!("<|im_start|>system\nBe brief.<|im_end|>\n{end}"));
	assert_eq!(
		of(&[("system", "Rhyme."), ("user", "Hi")]),
		format!("<|im_start|>system\nRhyme.<|im_end|>\n{end}")
	);
	let tools = of(&[("user", "a"), ("tool", "1"), ("tool", "2")]);
	assert!(tools.ends_with(
		"<|im_start|>user\n<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response>\
		 <|im_end|>\n<|im_start|>assistant\n"
	));
}

/// The last question is found by going through the messages backwards; thoughts before it are cut.
const QWEN3: &str = r#"
{%- set ns = namespace(searching=true, last_query=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.searching and message.role == "user" and message.content is string and not (message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.searching = false %}
        {%- set ns.last_query = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if message.role == "assistant" %}
        {%- set thoughts = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thoughts = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thoughts = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query and (loop.last or (not loop.last and thoughts)) %}
            {{- '<|im_start|>' + message.role + '\n<think>\n' + thoughts.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}"#;

#[test]
fn thoughts_before_the_last_question_are_cut_when_written_as_qwen3() {
	let thought = "<think>\nHm.\n</think>\n\nYes.";
	let text = render(QWEN3, &[("user", "a"), ("assistant", thought), ("user", "b")]).unwrap();
	assert_eq!(
		text,
		"<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n\
		 <|im_start|>user\nb<|im_end|>\n<|im_start|>assistant\n"
	);
	let text = render(QWEN3, &[("user", "a"), ("assistant", thought)]).unwrap();
	assert!(text.contains("<|im_start|>assistant\n<think>\nHm.\n</think>\n\nYes.<|im_end|>\n"));
}

/// Roles have to alternate; the system message goes into the last question.
const MISTRAL: &str = r#"{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("roles must alternate user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] " + tools | tojson + "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\n\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"] | trim + eos_token }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported: " + message["role"]) }}
    {%- endif %}
{%- endfor %}
"#;

#[test]
fn system_message_joins_the_last_question_when_written_as_mistral() {
	let turns = [("system", "Rhyme."), ("user", "a"), ("assistant", " b "), ("user", "c")];
	assert_eq!(
		render(MISTRAL, &turns).unwrap(),
		"<s>[INST] a[/INST] b</s>[INST] Rhyme.\n\nc[/INST]"
	);
}

#[test]
fn roles_are_refused_when_they_do_not_alternate_as_mistral_asks() {
	for turns in [&[("user", "a"), ("user", "b")][..], &[("assistant", "a")], &[("critic", "a")]] {
		let refused = render(MISTRAL, turns);
		assert!(
			matches!(&refused, Err(Error::ChatTemplate(text)) if text.contains("role")),
			"{refused:?}"
		);
	}
}

/// The date, and defaults for what is not given.
const LLAMA31: &str = r#"{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\n\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
"#;

#[test]
fn date_stands_in_the_system_message_when_written_as_llama_31() {
	let text = render(LLAMA31, &[("system", " Rhyme. "), ("user", "a")]).unwrap();
	let (start, rest) = text.split_once("Today Date: ").unwrap();
	assert_eq!(start, "<s><|start_header_id|>system<|end_header_id|>\n\n");
	let (date, rest) = rest.split_once("\n\n").unwrap();
	assert_eq!(date.split(' ').map(str::len).collect::<Vec<_>>(), [2, 3, 4], "{date}");
	assert_eq!(
		rest,
		"Rhyme.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\na<|eot_id|>\
		 <|start_header_id|>assistant<|end_header_id|>\n\n"
	);
}

namespace LlmProxy.Tests.Features;

/// <summary>Everything the matrix speaks of.</summary>
internal static class FeatureList
{
    private const string Tool = """{"type":"function","function":{"name":"tide","description":"High water","parameters":{"type":"object","properties":{"harbour":{"type":"string"}},"required":["harbour"]}}}""";
    private const string Tools = "\"tools\":[" + Tool + "]";
    private const string OnlyTools = "{" + Tools + "}";
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    public static readonly IReadOnlyList<Feature> All =
    [
        new("Messages", "system message", """{"messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"Hello"}]}"""),
        new("Messages", "developer message", """{"messages":[{"role":"developer","content":"Be brief"},{"role":"user","content":"Hello"}]}"""),
        new("Messages", "system message in the middle", """{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi"},{"role":"system","content":"Be brief"},{"role":"user","content":"Well?"}]}""") { Without = """{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi"},{"role":"user","content":"Well?"}]}""" },
        new("Messages", "name of a participant", """{"messages":[{"role":"user","name":"ann","content":"Hello"}]}""", "name"),
        new("Messages", "image, base64", Part($$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Pixel}}}"}}"""), "image"),
        new("Messages", "image, URL", Part("""{"type":"image_url","image_url":{"url":"https://pictures.example/a.png"}}"""), "image"),
        new("Messages", "image detail", Part($$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Pixel}}}","detail":"low"}}"""), "detail") { Without = Part($$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Pixel}}}"}}""") },
        new("Messages", "file, base64 PDF", Part("""{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0xLjQK"}}"""), "file"),
        new("Messages", "file by id", Part("""{"type":"file","file":{"file_id":"file-1"}}"""), "file"),
        new("Messages", "audio input", Part("""{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}"""), "input_audio", "audio"),
        new("Messages", "prompt-cache mark", """{"messages":[{"role":"user","content":[{"type":"text","text":"Hello","cache_control":{"type":"ephemeral"}}]}]}""", "cache_control") { Without = """{"messages":[{"role":"user","content":[{"type":"text","text":"Hello"}]}]}""" },
        new("Tools", "function tools", OnlyTools),
        new("Tools", "strict function", """{"tools":[{"type":"function","function":{"name":"tide","strict":true,"parameters":{"type":"object","properties":{},"additionalProperties":false}}}]}""", "strict") { Without = """{"tools":[{"type":"function","function":{"name":"tide","parameters":{"type":"object","properties":{},"additionalProperties":false}}}]}""" },
        new("Tools", "tool_choice required", "{" + Tools + ",\"tool_choice\":\"required\"}", "tool_choice") { Without = OnlyTools },
        new("Tools", "tool_choice none", "{" + Tools + ",\"tool_choice\":\"none\"}", "tool_choice") { Without = OnlyTools },
        new("Tools", "tool_choice of one function", "{" + Tools + ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"tide\"}}}", "tool_choice") { Without = OnlyTools },
        new("Tools", "parallel_tool_calls false", "{" + Tools + ",\"parallel_tool_calls\":false}", "parallel_tool_calls") { Without = OnlyTools },
        new("Tools", "calls and their results", "{" + Tools + ",\"messages\":" + Called("\"14:05\"") + "}") { Without = OnlyTools },
        new("Tools", "image in a tool's result", "{" + Tools + ",\"messages\":" + Called($$$"""[{"type":"text","text":"14:05"},{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Pixel}}}"}}]""") + "}", "content", "image") { Without = "{" + Tools + ",\"messages\":" + Called("""[{"type":"text","text":"14:05"}]""") + "}" },
        new("Answer", "response_format json_object", """{"response_format":{"type":"json_object"}}"""),
        new("Answer", "response_format json_schema", """{"response_format":{"type":"json_schema","json_schema":{"name":"t","strict":true,"schema":{"type":"object","properties":{"a":{"type":"number"}},"required":["a"],"additionalProperties":false}}}}"""),
        new("Answer", "max_tokens", """{"max_tokens":77}"""),
        new("Answer", "max_completion_tokens", """{"max_tokens":null,"max_completion_tokens":77}""", "max_completion_tokens"),
        new("Answer", "stop", """{"stop":["END","STOP"]}"""),
        new("Answer", "n", """{"n":2}"""),
        new("Answer", "logprobs", """{"logprobs":true,"top_logprobs":2}"""),
        new("Answer", "stream with usage", """{"stream":true,"stream_options":{"include_usage":true}}"""),
        new("Answer", "audio output", """{"modalities":["text","audio"],"audio":{"voice":"alloy","format":"wav"}}"""),
        new("Answer", "verbosity", """{"verbosity":"low"}"""),
        new("Answer", "prediction", """{"prediction":{"type":"content","content":"Hello"}}"""),
        new("Answer", "web_search_options", """{"web_search_options":{}}"""),
        new("Sampling", "temperature", """{"temperature":0.3}"""),
        new("Sampling", "top_p", """{"top_p":0.9}"""),
        new("Sampling", "top_k", """{"top_k":20}"""),
        new("Sampling", "seed", """{"seed":7}"""),
        new("Sampling", "frequency_penalty", """{"frequency_penalty":0.5}"""),
        new("Sampling", "presence_penalty", """{"presence_penalty":0.5}"""),
        new("Sampling", "logit_bias", """{"logit_bias":{"50256":-100}}"""),
        new("Thinking", "reasoning_effort", """{"reasoning_effort":"high"}"""),
        new("Thinking", "thinking budget", """{"thinking":{"type":"enabled","budget_tokens":2048}}"""),
        new("Thinking", "signed thinking brought back", """{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi","reasoning_content":"Hm","thinking_blocks":[{"type":"thinking","thinking":"Hm","signature":"c2ln"}]},{"role":"user","content":"Well?"}]}""", "thinking", "reasoning") { Without = """{"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi"},{"role":"user","content":"Well?"}]}""" },
        new("Call", "user", """{"user":"ann"}"""),
        new("Call", "metadata", """{"metadata":{"team":"harbour"}}"""),
        new("Call", "store", """{"store":true}"""),
        new("Call", "service_tier", """{"service_tier":"flex"}"""),
        new("Call", "prompt_cache_key", """{"prompt_cache_key":"k1"}"""),
        new("Call", "safety_identifier", """{"safety_identifier":"s1"}"""),
        new("Call", "a field nobody knows", """{"zz_unheard_of":{"a":1}}"""),
    ];

    private static string Part(string part) => $$"""{"messages":[{"role":"user","content":[{"type":"text","text":"Look"},{{part}}]}]}""";

    private static string Called(string result) =>
        $$$"""[{"role":"user","content":"Hello"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"tide","arguments":"{\"harbour\":\"Røst\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":{{{result}}}}]""";
}

using System.Text;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>Reads a Responses request into the conversation that other vendors are told.</summary>
internal sealed class ResponsesReader(ChatRequest request)
{
    private static readonly byte[] True = "true"u8.ToArray();
    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

    private readonly ResponsesInputReader _input = new(request);
    private bool _hasInput;

    public GatewayError? Read(ReadOnlyMemory<byte> body)
    {
        request.WantsUsage = true; // Every Response tells it.
        // Instructions stand before the input, wherever the client wrote them.
        GatewayError? wrong = ReadInstructions(body);
        var fields = new JsonWalk(body);
        while (wrong is null && fields.Next())
        {
            if (!fields.IsNull)
            {
                wrong = ReadField(fields.Name(), ref fields);
            }
        }

        return wrong ?? (_hasInput ? null : GatewayError.Missing("input", "The field \"input\" is missing."));
    }

    private GatewayError? ReadInstructions(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonWalk(body);
        while (fields.Next())
        {
            if (fields.Is("instructions"u8) && !fields.IsNull)
            {
                return fields.IsString ? _input.AddInstructions(new JsonText(fields.Value)) : GatewayError.Invalid("instructions", "The field \"instructions\" must be a string.");
            }
        }

        return null;
    }

    private GatewayError? ReadField(string name, ref JsonWalk field)
    {
        switch (name)
        {
            case "model" or "stream" or "stream_options" or "llm" or "instructions" or "metadata":
                return null; // The last is told back in the answer, which is all that it is for.
            case "input":
                _hasInput = true;
                return _input.Read(field.Value);
            case "previous_response_id" or "conversation":
                throw Refused(name, "earlier turns are not kept here. Send the whole conversation in \"input\".");
            case "prompt":
                throw Refused(name, "stored prompts are kept by OpenAI alone. Send the prompt in \"instructions\" and \"input\".");
            case "background" when field.IsTrue:
                throw Refused(name, "answers are not kept, so none can be asked for later. Leave it out, or stream the answer.");
            case "background":
                return null;
            case "store":
                Add("responses.store", name, field.Value);
                return null;
            case "max_output_tokens":
                Add("max_tokens", name, field.Value);
                request.MaxTokens = field.Number();
                return request.MaxTokens > 0 ? null : GatewayError.Invalid(name, "The field \"max_output_tokens\" must be a whole number above 0.");
            case "tools":
                return ResponsesToolReader.ReadTools(field.Value, request);
            case "tool_choice":
                Add(name, name, field.Value);
                return ResponsesToolReader.ReadChoice(ref field, request);
            case "parallel_tool_calls":
                request.ParallelToolCalls = field.IsTrue;
                break;
            case "text":
                return ReadText(field.Value);
            case "reasoning":
                return ReadReasoning(field.Value);
            case "thinking":
                request.Thinking = ThinkingReader.Read(field.Value, request.Thinking);
                break;
            case "include":
                ReadIncludes(field.Value);
                return null;
            case "top_logprobs":
                AddLogprobs(name, field.Number() > 0);
                break;
            case "user":
                request.User = field.IsString ? new JsonText(field.Value) : default;
                break;
            case "n":
                Add("responses.n", name, field.Value);
                return null;
            default:
                break;
        }

        Add(name, name, field.Value);
        return null;
    }

    private GatewayError? ReadText(ReadOnlyMemory<byte> value)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.IsNull)
            {
                continue;
            }

            string name = members.Name();
            if (name != "format")
            {
                Add(name, $"text.{name}", members.Value);
            }
            else if (ResponsesFormat.Read(members.Value, request) is { } wrong)
            {
                return wrong;
            }
            else if (request.Format.Kind != AnswerFormatKind.Text)
            {
                Add("response_format", "text.format", members.Value);
            }
        }

        return null;
    }

    private GatewayError? ReadReasoning(ReadOnlyMemory<byte> value)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            string name = members.Name();
            if (members.IsNull || name is "summary" or "generate_summary")
            {
                continue; // What a vendor tells of its thinking is always handed on.
            }

            Add(name == "effort" ? "reasoning_effort" : $"reasoning.{name}", $"reasoning.{name}", members.Value);
            if (name != "effort")
            {
                continue;
            }

            string? effort = members.Text();
            if (effort is null || !Efforts.Contains(effort))
            {
                return GatewayError.Invalid("reasoning.effort", $"The field \"reasoning.effort\" must be one of {string.Join(", ", Efforts)}.");
            }

            request.Thinking = request.Thinking with { Effort = effort };
        }

        return null;
    }

    private void ReadIncludes(ReadOnlyMemory<byte> value)
    {
        var items = new JsonWalk(value);
        while (items.Next())
        {
            string? what = items.Text();
            if (what == "message.output_text.logprobs")
            {
                AddLogprobs("include[message.output_text.logprobs]", isWanted: true);
            }
            else if (what != "reasoning.encrypted_content")
            {
                Add($"include.{what}", $"include[{what}]", items.Value); // Asks for more of tools that nobody here has.
            }
        }
    }

    /// <summary>Chat asks for log probabilities in a field of its own.</summary>
    private void AddLogprobs(string clientName, bool isWanted)
    {
        if (isWanted && !request.Fields.Exists(field => field.Name == "logprobs"))
        {
            Add("logprobs", clientName, True);
        }
    }

    private void Add(string name, string clientName, ReadOnlyMemory<byte> json) => request.Fields.Add(new RequestField(name, clientName, json));

    /// <summary>Not wrong, only not possible without OpenAI's store: another LLM of the plan may speak the dialect itself.</summary>
    public static CallRefusedException Refused(string param, string why) =>
        new(new VendorFailure(ErrorCode.InvalidValue, $"\"{param}\" needs an LLM whose vendor speaks the Responses API itself; here it is translated, and {why}") { Param = param });
}

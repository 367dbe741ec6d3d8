using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>Reads a chat completions request into the conversation that other vendors are told.</summary>
internal sealed class ChatCompletionsReader(ChatRequest request)
{
    private static readonly string[] Efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

    private GatewayError? _wrong;

    public GatewayError? Read(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonWalk(body);
        while (_wrong is null && fields.Next())
        {
            string name = fields.Name();
            string canonical = name == "max_completion_tokens" ? "max_tokens" : name;
            if (name is "model" or "stream" or "llm")
            {
                continue;
            }

            if (name != "messages")
            {
                request.Fields.Add(new RequestField(canonical, name, fields.Value));
            }

            if (!fields.IsNull)
            {
                ReadField(name, ref fields);
            }
        }

        return _wrong;
    }

    private void ReadField(string name, ref JsonWalk field)
    {
        switch (name)
        {
            case "messages":
                ReadMessages(field.Value);
                break;
            case "tools":
                _wrong = ChatToolReader.ReadTools(field.Value, request);
                break;
            case "functions":
                _wrong = ChatToolReader.ReadFunctions(field.Value, request);
                break;
            case "tool_choice" or "function_call":
                _wrong = ChatToolReader.ReadChoice(name, ref field, request);
                break;
            case "parallel_tool_calls":
                request.ParallelToolCalls = field.IsTrue;
                break;
            case "response_format":
                _wrong = AnswerFormatReader.Read(field.Value, request);
                break;
            case "max_tokens" or "max_completion_tokens":
                request.MaxTokens = field.Number() is > 0 and var limit ? limit : Wrong(name, $"The field \"{name}\" must be a whole number above 0.").MaxTokens;
                break;
            case "stop":
                ReadStop(ref field);
                break;
            case "n":
                request.Choices = field.Number() is >= 1 and <= 128 and var n ? (int)n : Wrong(name, "The field \"n\" must be a whole number from 1 to 128.").Choices;
                break;
            case "reasoning_effort":
                ReadEffort(name, ref field);
                break;
            case "thinking":
                request.Thinking = ThinkingReader.Read(field.Value, request.Thinking);
                break;
            case "reasoning":
                ReadReasoning(field.Value);
                break;
            case "user":
                request.User = field.IsString ? new JsonText(field.Value) : default;
                break;
            case "stream_options":
                ReadStreamOptions(field.Value);
                break;
            default:
                break;
        }
    }

    private void ReadMessages(ReadOnlyMemory<byte> array)
    {
        var messages = new JsonWalk(array);
        while (_wrong is null && messages.Next())
        {
            _wrong = ChatMessageReader.Read(messages.Value, $"messages[{messages.Index}]", request);
        }
    }

    private void ReadStop(ref JsonWalk field)
    {
        if (field.IsString)
        {
            request.Stop.Add(new JsonText(field.Value));
            return;
        }

        var words = new JsonWalk(field.Value);
        while (words.Next())
        {
            if (!words.IsString)
            {
                Wrong("stop", "The field \"stop\" must be a string or an array of strings.");
                return;
            }

            request.Stop.Add(new JsonText(words.Value));
        }
    }

    private void ReadEffort(string name, ref JsonWalk field)
    {
        string? effort = field.Text();
        if (effort is null || !Efforts.Contains(effort))
        {
            Wrong(name, $"The field \"{name}\" must be one of {string.Join(", ", Efforts)}.");
            return;
        }

        request.Thinking = request.Thinking with { Effort = effort };
    }

    /// <summary>OpenRouter's and the Responses API's object, which many clients send here too.</summary>
    private void ReadReasoning(ReadOnlyMemory<byte> value)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("effort"u8) && !members.IsNull)
            {
                ReadEffort("reasoning.effort", ref members);
            }
            else if (members.Is("max_tokens"u8) && members.Number() is { } budget)
            {
                request.Thinking = request.Thinking with { Budget = budget };
            }
            else if (members.Is("enabled"u8))
            {
                request.Thinking = request.Thinking with { Enabled = members.IsTrue };
            }
        }
    }

    private void ReadStreamOptions(ReadOnlyMemory<byte> value)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("include_usage"u8))
            {
                request.WantsUsage = members.IsTrue;
            }
        }
    }

    private ChatRequest Wrong(string param, string message)
    {
        _wrong = GatewayError.Invalid(param, message);
        return request;
    }
}

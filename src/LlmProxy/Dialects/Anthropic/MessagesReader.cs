using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>Reads a Messages request into the conversation that other vendors are told.</summary>
internal sealed class MessagesReader(ChatRequest request)
{
    private static readonly ReadOnlyMemory<byte> Default = "\"default\""u8.ToArray();

    private GatewayError? _wrong;

    public GatewayError? Read(ReadOnlyMemory<byte> body)
    {
        ReadOnlyMemory<byte> messages = default;
        var fields = new JsonWalk(body);
        while (_wrong is null && fields.Next())
        {
            if (fields.IsNull)
            {
                continue;
            }

            if (fields.Is("messages"u8))
            {
                messages = fields.Value;
            }
            else if (!fields.Is("model"u8) && !fields.Is("stream"u8) && !fields.Is("llm"u8))
            {
                ReadField(fields.Name(), ref fields);
            }
        }

        // The system prompt may stand behind the messages and still comes first.
        return _wrong ?? ReadMessages(messages);
    }

    private void ReadField(string name, ref JsonWalk field)
    {
        switch (name)
        {
            case "system":
                _wrong = ReadSystem(field.Value);
                break;
            case "max_tokens":
                Add(name, name, field.Value);
                request.MaxTokens = field.Number();
                if (request.MaxTokens is null or < 1)
                {
                    _wrong = GatewayError.Invalid(name, "The field \"max_tokens\" must be a whole number above 0.");
                }

                break;
            case "stop_sequences":
                Add("stop", name, field.Value);
                ReadStops(field.Value);
                break;
            case "tools":
                Add(name, name, field.Value);
                _wrong = MessagesToolReader.ReadTools(field.Value, request);
                break;
            case "tool_choice":
                Add(name, name, field.Value);
                _wrong = MessagesToolReader.ReadChoice(field.Value, request);
                break;
            case "thinking":
                Add(name, name, field.Value);
                request.Thinking = ThinkingReader.Read(field.Value, request.Thinking);
                break;
            case "output_config":
                ReadOutputConfig(field.Value);
                break;
            case "output_format":
                Add("response_format", name, field.Value);
                _wrong = ReadFormat(name, field.Value);
                break;
            case "metadata":
                ReadMetadata(field.Value);
                break;
            case "service_tier":
                Add(name, name, field.Text() == "standard_only" ? Default : field.Value);
                break;
            default:
                Add(name, name, field.Value);
                break;
        }
    }

    private GatewayError? ReadSystem(ReadOnlyMemory<byte> value)
    {
        var message = new ChatMessage { Role = ChatRole.System, Path = "system" };
        if (MessageBlocks.ReadTexts(value, "system", message) is { } wrong)
        {
            return wrong;
        }

        if (message.Parts.Count > 0)
        {
            request.Messages.Insert(0, message);
        }

        return null;
    }

    private GatewayError? ReadMessages(ReadOnlyMemory<byte> array)
    {
        var messages = new JsonWalk(array);
        while (messages.Next())
        {
            if (MessageBlocks.Read(messages.Value, $"messages[{messages.Index}]", request) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    private void ReadStops(ReadOnlyMemory<byte> value)
    {
        var words = new JsonWalk(value);
        while (words.Next())
        {
            if (!words.IsString)
            {
                _wrong = GatewayError.Invalid("stop_sequences", "The field \"stop_sequences\" must be an array of strings.");
                return;
            }

            request.Stop.Add(new JsonText(words.Value));
        }
    }

    private void ReadOutputConfig(ReadOnlyMemory<byte> value)
    {
        var members = new JsonWalk(value);
        while (_wrong is null && members.Next())
        {
            if (members.IsNull)
            {
                continue;
            }

            string path = "output_config." + members.Name();
            if (members.Is("effort"u8))
            {
                Add("reasoning_effort", path, members.Value);
                request.Thinking = request.Thinking with { Effort = members.Text() };
            }
            else if (members.Is("format"u8))
            {
                Add("response_format", path, members.Value);
                _wrong = ReadFormat(path, members.Value);
            }
            else
            {
                Add(path, path, members.Value);
            }
        }
    }

    private GatewayError? ReadFormat(string path, ReadOnlyMemory<byte> value)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("schema"u8) && members.IsObject)
            {
                request.Format = new AnswerFormat(AnswerFormatKind.JsonSchema, Schema: members.Value);
                return null;
            }
        }

        return GatewayError.Missing($"{path}.schema", $"{path} of type json_schema needs a \"schema\" object.");
    }

    private void ReadMetadata(ReadOnlyMemory<byte> value)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.IsNull)
            {
                continue;
            }

            string path = "metadata." + members.Name();
            if (members.Is("user_id"u8) && members.IsString)
            {
                request.User = new JsonText(members.Value);
                Add("user", path, members.Value);
            }
            else
            {
                Add(path, path, members.Value);
            }
        }
    }

    private void Add(string name, string clientName, ReadOnlyMemory<byte> value) => request.Fields.Add(new RequestField(name, clientName, value));
}

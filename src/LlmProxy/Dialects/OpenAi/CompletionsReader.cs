using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>Reads a completions request into the conversation that chat vendors are told.</summary>
internal sealed class CompletionsReader(ChatRequest request)
{
    private static readonly byte[] True = "true"u8.ToArray();

    public GatewayError? Read(ReadOnlyMemory<byte> body)
    {
        GatewayError? wrong = null;
        var fields = new JsonWalk(body);
        while (wrong is null && fields.Next())
        {
            if (!fields.IsNull)
            {
                wrong = ReadField(fields.Name(), ref fields);
            }
        }

        return wrong;
    }

    private GatewayError? ReadField(string name, ref JsonWalk field)
    {
        switch (name)
        {
            case "model" or "stream" or "llm":
                return null;
            case "prompt":
                return ReadPrompt(field.Value);
            case "echo":
                return null; // Whoever writes the answer puts the prompt before it.
            case "best_of" when field.Number() == 1:
                return null;
            case "logprobs":
                ReadLogprobs(ref field);
                return null;
            case "max_tokens":
                request.MaxTokens = field.Number();
                if (request.MaxTokens is not > 0)
                {
                    return GatewayError.Invalid(name, "The field \"max_tokens\" must be a whole number above 0.");
                }

                break;
            case "n":
                if (field.Number() is not (>= 1 and <= 128 and var n))
                {
                    return GatewayError.Invalid(name, "The field \"n\" must be a whole number from 1 to 128.");
                }

                request.Choices = (int)n;
                break;
            case "stop":
                if (ReadStop(ref field) is { } wrong)
                {
                    return wrong;
                }

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

        request.Fields.Add(new RequestField(name, name, field.Value));
        return null;
    }

    private GatewayError? ReadPrompt(ReadOnlyMemory<byte> value)
    {
        ReadOnlyMemory<byte> text = value;
        var prompts = new JsonWalk(value);
        while (prompts.Next())
        {
            if (!prompts.IsString)
            {
                return GatewayError.Invalid("prompt", "A \"prompt\" of token numbers can only be read by the vendor whose tokens they are. Send the text itself.");
            }

            if (prompts.Index > 0)
            {
                return GatewayError.Invalid("prompt", "This LLM's vendor only chats, and takes one \"prompt\" in each call. Send the others in calls of their own.");
            }

            text = prompts.Value;
        }

        if (text.Span[0] != '"')
        {
            return GatewayError.Invalid("prompt", "The field \"prompt\" must be a string.");
        }

        var message = new ChatMessage { Role = ChatRole.User, Path = "prompt" };
        message.Parts.Add(new ChatPart { Kind = PartKind.Text, Path = "prompt", Text = new JsonText(text), Raw = text });
        request.Messages.Add(message);
        return null;
    }

    /// <summary>How many likely tokens to tell at each place: chat says it in two fields.</summary>
    private void ReadLogprobs(ref JsonWalk field)
    {
        if (field.IsTrue || field.Number() >= 0)
        {
            request.Fields.Add(new RequestField("logprobs", "logprobs", True));
        }

        if (field.Number() > 0)
        {
            request.Fields.Add(new RequestField("top_logprobs", "logprobs", field.Value));
        }
    }

    private GatewayError? ReadStop(ref JsonWalk field)
    {
        if (field.IsString)
        {
            request.Stop.Add(new JsonText(field.Value));
            return null;
        }

        var words = new JsonWalk(field.Value);
        while (words.Next())
        {
            if (!words.IsString)
            {
                return GatewayError.Invalid("stop", "The field \"stop\" must be a string or an array of strings.");
            }

            request.Stop.Add(new JsonText(words.Value));
        }

        return null;
    }

    private void ReadStreamOptions(ReadOnlyMemory<byte> value)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            request.WantsUsage = members.Is("include_usage"u8) ? members.IsTrue : request.WantsUsage;
        }
    }
}

using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Ollama;

/// <summary>A call whose client speaks Ollama too: the bytes pass but for the model, our own object and the operator's defaults.</summary>
internal sealed class OllamaCall(Exchange exchange, RouteTarget target) : VendorCall
{
    /// <summary>Fields beside "options" that an operator may put into Config.</summary>
    private static readonly string[] TopLevel = ["keep_alive", "think", "format", "truncate", "shift", "logprobs", "top_logprobs", "dimensions", "system", "template"];

    public override string Path => "api/" + exchange.Endpoint.Path;

    public override StreamForm Stream => StreamForm.JsonLines;

    public override HttpContent Write(int request)
    {
        RequestPeek peek = exchange.Peek!;
        ReadOnlyMemory<byte> body = exchange.Body!.Bytes;
        var edits = new BodyEdits(body, peek.Members);
        if (peek.ModelMember < 0)
        {
            edits.Add("model"u8.ToArray(), target.ModelJson);
        }
        else if (!peek.Members[peek.ModelMember].Value(body.Span).SequenceEqual(target.ModelJson.Span))
        {
            edits.ReplaceValue(peek.ModelMember, target.ModelJson);
        }

        if (peek.WishesMember >= 0)
        {
            edits.Remove(peek.WishesMember);
        }

        if (target.Deployment.Defaults.Count > 0)
        {
            AddDefaults(edits, peek.Members, body);
        }

        return new SplicedContent(edits.Build(), "application/json", exchange.Body);
    }

    public override IStreamTranslator OpenStream() => new OllamaLines(target.Deployment.Label);

    public override PlainAnswer ReadAnswer(IReadOnlyList<ReadOnlyMemory<byte>> answers, PooledWriter client) =>
        OllamaLines.ReadWhole(answers[0].Span, target);

    private void AddDefaults(BodyEdits edits, JsonMembers members, ReadOnlyMemory<byte> body)
    {
        int at = members.Find(body.Span, "options"u8);
        bool hasOptions = at >= 0 && members[at].Kind == JsonTokenType.StartObject;
        var inner = new JsonMembers();
        ReadOnlyMemory<byte> options = hasOptions ? body[members[at].ValueStart..members[at].ValueEnd] : "{}"u8.ToArray();
        inner.Read(options.Span);
        var added = new BodyEdits(options, inner);
        foreach (ConfigDefault field in target.Deployment.Defaults)
        {
            if (field.Name == "options")
            {
                var nested = new JsonWalk(field.Json);
                while (nested.Next())
                {
                    AddMissing(added, inner, options, nested.Name(), nested.Value);
                }
            }
            else if (OllamaOptions.NameOf(field.Name) is { } option)
            {
                AddMissing(added, inner, options, option, field.Json);
            }
            else if (TopLevel.Contains(field.Name))
            {
                AddMissing(edits, members, body, field.Name, field.Json);
            }
        }

        if (added.IsEmpty)
        {
            return;
        }

        byte[] merged = Join(added.Build());
        if (at >= 0)
        {
            edits.ReplaceValue(at, merged);
        }
        else
        {
            edits.Add("options"u8.ToArray(), merged);
        }
    }

    private static void AddMissing(BodyEdits edits, JsonMembers members, ReadOnlyMemory<byte> json, string name, ReadOnlyMemory<byte> value)
    {
        byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(name);
        if (members.Find(json.Span, utf8) < 0)
        {
            edits.Add(utf8, value);
        }
    }

    private static byte[] Join(SplicedBody body)
    {
        var joined = new ArrayBufferWriter<byte>((int)body.Length);
        foreach (ReadOnlyMemory<byte> segment in body.Segments)
        {
            joined.Write(segment.Span);
        }

        return joined.WrittenSpan.ToArray();
    }
}

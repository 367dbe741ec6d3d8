using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>
/// A vendor of OpenAI's dialect for clients of another one: the conversation is written as a chat completions request
/// and then takes the same way as a client's own, through the provider's adjustments.
/// </summary>
internal sealed class OpenAiChatVendor(OpenAiDialectProvider provider) : IChatVendor
{
    public bool HasChoices => true;

    public bool RepeatsBeginning(ChatTurn turn) => OpenAiChatVendorHabits.Of(turn).Beginning == BeginningHabit.Prefix;

    public StreamForm Stream => StreamForm.ServerSentEvents;

    /// <summary>Images may be addresses everywhere; documents and sounds are taken as bytes.</summary>
    public bool WantsBytes(ChatPart part, ChatTurn turn) =>
        part.Kind == PartKind.Audio || (part.Kind == PartKind.File && OpenAiChatVendorHabits.Of(turn).Documents != DocumentHabit.AsAddress);

    public string PathFor(ChatTurn turn) => provider.PathFor(EndpointKind.Chat, turn.Llm.Options, turn.Target.Model);

    public void Write(ChatTurn turn, IBufferWriter<byte> body)
    {
        var draft = new ArrayBufferWriter<byte>(4096);
        string model = provider.ModelInBody(turn.Llm.Options, turn.Target.Model);
        using (var json = new Utf8JsonWriter(draft, new JsonWriterOptions { Encoder = RouteTarget.JsonOptions.Encoder, SkipValidation = true, MaxDepth = 1000 }))
        {
            new OpenAiChatVendorBody(turn, json, OpenAiChatVendorHabits.Of(turn), provider.Card).Write(model);
        }

        var members = new JsonMembers();
        members.Read(draft.WrittenSpan);
        var edits = new RequestEdits(EndpointKind.Chat, turn.Target.Model, draft.WrittenMemory, members);
        provider.Adjust(edits, turn.Llm.Options);
        foreach (string dropped in edits.Dropped)
        {
            turn.Fields.Drop(ClientName(turn, dropped));
        }

        var splices = new BodyEdits(draft.WrittenMemory, members);
        edits.ApplyTo(splices);
        foreach (ReadOnlyMemory<byte> segment in splices.Build().Segments)
        {
            body.Write(segment.Span);
        }
    }

    public IChatStream OpenStream(ChatTurn turn) => new OpenAiChatStream(turn.Llm.Label);

    public void ReadWhole(ChatTurn turn, ReadOnlySpan<byte> body, ChatSink sink)
    {
        var reader = new OpenAiChatAnswer(turn.Llm.Label);
        body = body.StartsWith("\uFEFF"u8) ? body[3..] : body;
        if (!reader.Read(body, sink) && sink.Failure is null)
        {
            throw new JsonException("No choices.");
        }

        if (sink.Failure is null)
        {
            reader.FinishAll(sink);
            sink.End();
        }
    }

    private static string ClientName(ChatTurn turn, string name)
    {
        foreach (RequestField field in turn.Request.Fields)
        {
            if (field.Name == name)
            {
                return field.ClientName;
            }
        }

        return name;
    }
}

using LlmProxy.Accounting;

namespace LlmProxy.Conversation;

/// <summary>
/// Tells one of several answers to the client as its choice of that number, where a vendor knows no "n" and is asked
/// several times: begun once, ended once, usage added up.
/// </summary>
internal sealed class ChoiceSink(ChatSink client, int choice, ChoiceSink[] all) : ChatSink
{
    public static ChoiceSink[] Over(ChatSink client, int count)
    {
        var sinks = new ChoiceSink[count];
        for (int i = 0; i < count; i++)
        {
            sinks[i] = new ChoiceSink(client, i, sinks);
        }

        return sinks;
    }

    protected override void OnText(ReadOnlySpan<byte> escaped) => Client().Text(escaped);

    protected override void OnReasoning(ReadOnlySpan<byte> escaped) => Client().Reasoning(escaped);

    protected override void OnSignature(ReadOnlySpan<byte> escaped, bool isSealed) => Client().Signature(escaped, isSealed);

    protected override void OnRefusal(ReadOnlySpan<byte> escaped) => Client().Refusal(escaped);

    protected override void OnToolStart(int tool, ReadOnlySpan<byte> id, ReadOnlySpan<byte> name, ReadOnlySpan<byte> googleSignature) =>
        Client().ToolStart(tool, id, name, googleSignature);

    protected override void OnToolArguments(int tool, ReadOnlySpan<byte> escaped) => Client().ToolArguments(tool, escaped);

    protected override void OnExtra(string name, ReadOnlySpan<byte> json) => Client().Extra(name, json);

    protected override void OnLogprobs(ReadOnlySpan<byte> elements) => Client().Logprobs(elements);

    protected override void OnMember(string name, ReadOnlySpan<byte> json) => Client().Member(name, json);

    protected override void OnFinish(FinishReason reason, ReadOnlySpan<byte> stopSequence) => Client().Finish(reason, stopSequence);

    protected override void OnEnd()
    {
        TokenUsage? sum = null;
        foreach (ChoiceSink sink in all)
        {
            if (!sink.HasEnded)
            {
                return;
            }

            sum = sink.Usage is { } usage ? usage.Plus(sum ?? default) : sum;
        }

        if (sum is { } used)
        {
            client.SetUsage(used);
        }

        Client().End();
    }

    private ChatSink Client()
    {
        client.Output = Output;
        client.Choice = choice;
        client.Begin(AnswerId, ReportedModel);
        return client;
    }
}

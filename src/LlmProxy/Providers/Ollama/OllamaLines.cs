using System.Buffers;
using System.Text;
using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Ollama;

/// <summary>Ollama's lines on their way to a client of Ollama's: read, never changed.</summary>
internal sealed class OllamaLines(VendorLabel vendor) : IStreamTranslator
{
    private readonly JsonMembers _members = new();
    private bool _isDone;

    public VendorFailure? Failure { get; private set; }

    public TokenUsage? Usage { get; private set; }

    public string? ReportedModel { get; private set; }

    public bool IsComplete => _isDone && Failure is null;

    /// <summary>The same for an answer that came whole.</summary>
    public static PlainAnswer ReadWhole(ReadOnlySpan<byte> body, RouteTarget target)
    {
        var line = new OllamaLines(target.Deployment.Label);
        try
        {
            line._members.Read(body);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            return new PlainAnswer(null, null, new VendorFailure(
                ErrorCode.InvalidProviderResponse,
                $"{TransportFailures.Who(target)} sent an answer that is not JSON. Check its base URL."));
        }

        _ = line.Read(body);
        return new PlainAnswer(line.Usage, line.ReportedModel, line.Failure);
    }

    public FrameVerdict Translate(in StreamFrame frame, IBufferWriter<byte> client)
    {
        if (!frame.HasData)
        {
            return FrameVerdict.Pass;
        }

        try
        {
            _members.Read(frame.Data);
        }
        catch (Exception e) when (StreamFrames.IsBadJson(e))
        {
            if (frame.IsCut)
            {
                return FrameVerdict.None; // Half a line would spoil the error behind it.
            }

            Failure = new VendorFailure(ErrorCode.InvalidProviderResponse, $"{vendor.Provider} sent a line that is not JSON for LLM \"{vendor.Llm}\".");
            return FrameVerdict.Error;
        }

        FrameVerdict verdict = Read(frame.Data);
        if (frame.IsCut && (verdict & FrameVerdict.Pass) != 0)
        {
            client.Write(frame.Data);
            client.Write("\n"u8);
            verdict &= ~FrameVerdict.Pass;
        }

        return verdict;
    }

    private FrameVerdict Read(ReadOnlySpan<byte> line)
    {
        bool isDone = false;
        long input = -1;
        long output = -1;
        for (int i = 0; i < _members.Count; i++)
        {
            JsonMember member = _members[i];
            switch (member.Kind)
            {
                case JsonTokenType.True:
                    isDone |= _members.NameIs(line, i, "done"u8);
                    break;
                case JsonTokenType.Number when _members.NameIs(line, i, "prompt_eval_count"u8):
                    input = Count(member.Value(line));
                    break;
                case JsonTokenType.Number when _members.NameIs(line, i, "eval_count"u8):
                    output = Count(member.Value(line));
                    break;
                case JsonTokenType.String when ReportedModel is null && _members.NameIs(line, i, "model"u8):
                    ReportedModel = Encoding.UTF8.GetString(member.Value(line)[1..^1]);
                    break;
                default:
                    if (StreamFrames.IsError(_members, i, line))
                    {
                        Failure = OllamaFailure.Inside(line, vendor);
                        return FrameVerdict.Error;
                    }

                    break;
            }
        }

        if (input >= 0 || output >= 0)
        {
            Usage = new TokenUsage(Math.Max(0, input), 0, 0, Math.Max(0, output), 0);
        }

        _isDone |= isDone;
        return isDone ? FrameVerdict.Pass | FrameVerdict.Output | FrameVerdict.Finish | FrameVerdict.End : FrameVerdict.Pass | FrameVerdict.Output;
    }

    private static long Count(ReadOnlySpan<byte> number) => System.Buffers.Text.Utf8Parser.TryParse(number, out long count, out int read) && read == number.Length ? count : -1;
}

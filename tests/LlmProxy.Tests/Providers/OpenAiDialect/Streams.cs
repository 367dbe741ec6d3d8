using System.Buffers;
using LlmProxy.Accounting;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Tests.Wire;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

/// <summary>What came of a stream: the client's bytes, and what the translator learnt.</summary>
internal sealed record Relayed(string Client, string Verdicts, TokenUsage? Usage, string? Model, VendorFailure? Failure, bool IsComplete);

/// <summary>Relays a stream as the gateway does, fed whole, byte by byte and cut at random: all must come to the same.</summary>
internal static class Streams
{
    public static readonly VendorLabel Vendor = new("acme", "big-model") { Secrets = ["hush-hush"] };

    public static readonly OpenAiStreamOptions NobodyAsked = new(false, false);
    public static readonly OpenAiStreamOptions OnlyWeAsked = new(false, true);
    public static readonly OpenAiStreamOptions ClientAsked = new(true, true);

    public static Relayed Chat(string stream, OpenAiStreamOptions options = default) => Relay(stream, () => new ChunkStream(Vendor, options));

    public static Relayed Relay(string stream, Func<IStreamTranslator> open)
    {
        byte[] bytes = Cuts.Utf8(stream);
        Relayed? first = null;
        foreach (int[] pieces in Cuts.Of(bytes.Length))
        {
            Relayed result = Relay(bytes, pieces, open());
            first ??= result;
            Assert.Equal(first, result);
        }

        return first!;
    }

    public static string Data(params string[] data) => string.Concat(data.Select(d => $"data: {d}\n\n"));

    private static Relayed Relay(byte[] bytes, int[] pieces, IStreamTranslator translator)
    {
        var client = new ArrayBufferWriter<byte>();
        var verdicts = new List<string>();
        Cuts.Feed(bytes, pieces, (in StreamFrame frame) =>
        {
            FrameVerdict verdict = translator.Translate(frame, client);
            if ((verdict & FrameVerdict.Pass) != 0)
            {
                client.Write(frame.Raw);
            }

            if (frame.HasData)
            {
                verdicts.Add(Letters(verdict));
            }
        });
        return new Relayed(
            System.Text.Encoding.UTF8.GetString(client.WrittenSpan), string.Join(' ', verdicts), translator.Usage, translator.ReportedModel, translator.Failure, translator.IsComplete);
    }

    /// <summary>P pass, O output, F finish, E end, X error; a dash for none.</summary>
    private static string Letters(FrameVerdict verdict)
    {
        string letters = string.Concat("POFEX".Where((_, bit) => ((int)verdict & (1 << bit)) != 0));
        return letters.Length == 0 ? "-" : letters;
    }
}

using System.Text;
using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using LlmProxy.Guards;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Guards;

/// <summary>Masks texts as a call would.</summary>
internal sealed class Masking
{
    public Masking(params string[] redact)
    {
        Rules = RedactionRules.Compile(new GuardsOptions { Redact = [.. redact], Patterns = { ["odd"] = "x\"+y|\\\\z" } });
        Redactor = new Redactor(Rules, Names);
    }

    public RedactionRules Rules { get; }

    public Placeholders Names { get; } = new();

    public Redactor Redactor { get; }

    public string Mask(string json)
    {
        using var output = new PooledWriter();
        return Redactor.Mask(Encoding.UTF8.GetBytes(json), output) ? Encoding.UTF8.GetString(output.Written) : json;
    }

    public string Restore(string json)
    {
        using var output = new PooledWriter();
        return new Restorer(Names).Restore(Encoding.UTF8.GetBytes(json), output) ? Encoding.UTF8.GetString(output.Written) : json;
    }

    /// <summary>The client's bytes for these of a vendor's, given to the restorer in pieces of this size.</summary>
    public string RestoreStream(string stream, int pieceBytes, bool isSse = true, bool textIsJson = false)
    {
        using var restorer = new StreamRestorer(new Restorer(Names), isSse ? new SseFramer() : new LineFramer(), textIsJson);
        using var output = new PooledWriter();
        var pending = new List<byte>();
        byte[] bytes = Encoding.UTF8.GetBytes(stream);
        for (int at = 0; at < bytes.Length; at += pieceBytes)
        {
            pending.AddRange(bytes.AsSpan(at, Math.Min(pieceBytes, bytes.Length - at)));
            int read = restorer.Take(pending.ToArray(), ended: false, output);
            pending.RemoveRange(0, read);
        }

        restorer.Take(pending.ToArray(), ended: true, output);
        return Encoding.UTF8.GetString(output.Written);
    }
}

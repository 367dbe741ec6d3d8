using System.Text;
using System.Text.Json.Nodes;

namespace LlmProxy.TestKit;

/// <summary>Reads an answer's events one by one as they arrive, every byte kept.</summary>
public sealed class SseReader(Stream stream) : IAsyncDisposable
{
    private readonly byte[] _buffer = new byte[16_384];
    private readonly List<byte> _ahead = [];
    private readonly List<byte> _all = [];

    /// <summary>Everything read so far, as it came.</summary>
    public string Raw => Encoding.UTF8.GetString([.. _all]);

    /// <summary>The next event or comment without its blank line; null at the end of the stream.</summary>
    public async Task<string?> NextAsync(TimeSpan? deadline = null)
    {
        using var limit = new CancellationTokenSource(deadline ?? TimeSpan.FromSeconds(30));
        while (true)
        {
            int end = EndOfEvent();
            if (end >= 0)
            {
                string frame = Encoding.UTF8.GetString([.. _ahead[..end]]);
                _ahead.RemoveRange(0, end);
                return frame.TrimEnd('\r', '\n');
            }

            int read = await stream.ReadAsync(_buffer, limit.Token);
            if (read == 0)
            {
                return null;
            }

            _ahead.AddRange(_buffer.AsSpan(0, read));
            _all.AddRange(_buffer.AsSpan(0, read));
        }
    }

    /// <summary>The data of the next event that has any; comments are skipped, null is the end.</summary>
    public async Task<string?> NextDataAsync(TimeSpan? deadline = null)
    {
        while (await NextAsync(deadline) is { } frame)
        {
            if (DataOf(frame) is { } data)
            {
                return data;
            }
        }

        return null;
    }

    public async Task<List<string>> RestAsync()
    {
        List<string> rest = [];
        while (await NextDataAsync() is { } data)
        {
            rest.Add(data);
        }

        return rest;
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    /// <summary>The data of every event in a whole text.</summary>
    public static IReadOnlyList<string> Data(string text) =>
        [.. text.ReplaceLineEndings("\n").Split("\n\n").Select(DataOf).OfType<string>()];

    /// <summary>All text a chat stream's chunks add up to.</summary>
    public static string ContentOf(IEnumerable<string> data) => string.Concat(
        data.Where(d => d != "[DONE]").Select(d => JsonNode.Parse(d)?["choices"] is JsonArray { Count: > 0 } choices ? choices[0]?["delta"]?["content"]?.ToString() : ""));

    private static string? DataOf(string frame)
    {
        string[] lines = [.. frame.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.StartsWith("data:", StringComparison.Ordinal))];
        return lines.Length == 0 ? null : string.Join('\n', lines.Select(l => l.StartsWith("data: ", StringComparison.Ordinal) ? l[6..] : l[5..]));
    }

    private int EndOfEvent()
    {
        for (int i = 0; i + 1 < _ahead.Count; i++)
        {
            if (_ahead[i] == '\n' && _ahead[i + 1] == '\n')
            {
                return i + 2;
            }

            if (i + 3 < _ahead.Count && _ahead[i] == '\r' && _ahead[i + 1] == '\n' && _ahead[i + 2] == '\r' && _ahead[i + 3] == '\n')
            {
                return i + 4;
            }
        }

        return -1;
    }
}

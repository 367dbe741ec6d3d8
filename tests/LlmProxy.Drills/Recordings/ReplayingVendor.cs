using LlmProxy.TestKit;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.Drills.Recordings;

/// <summary>How the bytes of a recording arrive.</summary>
internal sealed record Pieces(string Name, IReadOnlyList<int> Ends)
{
    private const int EachByteBelow = 4000;

    /// <summary>Whole, byte by byte where it is small, and cut at places that a seed chose.</summary>
    public static IEnumerable<Pieces> Of(Recording recording)
    {
        int length = recording.Body.Length;
        yield return new Pieces("whole", [length]);
        if (length < EachByteBelow)
        {
            yield return new Pieces("bytes", [.. Enumerable.Range(1, length)]);
        }

        for (int seed = 1; seed <= 3; seed++)
        {
            var random = new Random(seed);
            yield return new Pieces($"seed {seed}", [.. Enumerable.Range(0, Math.Min(40, length / 3)).Select(_ => random.Next(1, length)).Append(length).Distinct().Order()]);
        }
    }
}

/// <summary>Answers every call with one recording, in the pieces that were asked for.</summary>
internal static class ReplayingVendor
{
    public static UpstreamAnswer Answer(Recording recording, Pieces pieces) => async call =>
    {
        if (call.Method != "POST")
        {
            await Answers.Json("{}")(call);
            return;
        }

        call.Http.Response.StatusCode = recording.Status;
        call.Http.Response.ContentType = recording.ContentType;
        foreach ((string name, string value) in recording.Headers)
        {
            call.Http.Response.Headers.Append(name, value);
        }

        int start = 0;
        foreach (int end in pieces.Ends)
        {
            await call.Http.Response.Body.WriteAsync(recording.Body.AsMemory(start, end - start), call.Http.RequestAborted);
            await call.Http.Response.Body.FlushAsync(call.Http.RequestAborted);
            start = end;
        }
    };
}

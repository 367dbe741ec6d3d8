using System.Collections.Concurrent;
using System.Globalization;
using LlmProxy.Access;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using Microsoft.AspNetCore.Http;

namespace LlmProxy.Tests.Boundary;

/// <summary>One call through a random house: what it asks for, what the vendors do to it, and who saw any of it.</summary>
internal sealed class BoundaryCase
{
    private static readonly AsyncLocal<BoundaryCase?> Running = new();

    /// <summary>The case that the code which runs now belongs to, over all threads that it spreads to.</summary>
    public static BoundaryCase? Current
    {
        get => Running.Value;
        set => Running.Value = value;
    }

    public required int Number { get; init; }

    /// <summary>A word that stands in this call's prompt and in no other's.</summary>
    public string Mark => string.Create(CultureInfo.InvariantCulture, $"mark-{Number}-end");

    /// <summary>Null for /pass.</summary>
    public required EndpointKind? Endpoint { get; init; }

    public required string? Model { get; init; }

    public required string Body { get; init; }

    public required IReadOnlyList<(string Name, string Value)> Wishes { get; init; }

    /// <summary>Null: the gateway is open and no key is sent.</summary>
    public required string? Key { get; init; }

    public required bool IsKeyHeldHome { get; init; }

    /// <summary>What vendors do with this call, one draw for each request they get.</summary>
    public required int VendorSeed { get; init; }

    /// <summary>The client leaves after so many milliseconds; negative: it stays.</summary>
    public required int LeavesAfterMs { get; init; }

    public ConcurrentQueue<Sighting> Seen { get; } = new();

    /// <summary>What went wrong that has nothing to do with who may see what; null: nothing.</summary>
    public string? Wrong { get; set; }

    public DefaultHttpContext Http { get; set; } = null!;

    /// <summary>The bytes that the client got.</summary>
    public MemoryStream Answer { get; set; } = null!;

    public bool IsHeldHome => IsKeyHeldHome || Wish("local_only") is "on" or "true" or "1" or "yes";

    /// <summary>The client goes; what is asked then is of no interest any more.</summary>
    public CancellationTokenSource? Leaving { get; set; }

    /// <summary>No vendor fails, and nothing more is wanted to know than who is asked first.</summary>
    public bool AllIsWell { get; private init; }

    public BoundaryCase WhenAllIsWell() => new()
    {
        Number = Number,
        Endpoint = Endpoint,
        Model = Model,
        Body = Body,
        Wishes = Wishes,
        Key = Key,
        IsKeyHeldHome = IsKeyHeldHome,
        VendorSeed = VendorSeed,
        LeavesAfterMs = -1,
        AllIsWell = true,
    };

    public string? Wish(string name) => Wishes.FirstOrDefault(w => w.Name == name).Value;

    public override string ToString() =>
        $"case {Number}: {Endpoint?.Name ?? "pass"} model={Model} key={(Key is null ? "none" : IsKeyHeldHome ? "held home" : "free")} "
        + $"wishes=[{string.Join(", ", Wishes.Select(w => w.Name + "=" + w.Value))}]\n  saw it: {string.Join(" > ", Seen)}\n  body: {Body}";
}

/// <summary>Somebody got something of a call.</summary>
/// <param name="Who">The LLM's name, or "fetch HOST" for the media fetcher.</param>
/// <param name="Model">The model it was asked for, where one is named.</param>
/// <param name="Deed">What it did with it.</param>
/// <param name="Bytes">The body's length.</param>
internal sealed record Sighting(string Who, string? Model, string Deed, int Bytes)
{
    public override string ToString() => $"{Who}({Model}) {Deed} {Bytes} B";
}

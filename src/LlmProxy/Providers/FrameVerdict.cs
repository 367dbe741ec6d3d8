namespace LlmProxy.Providers;

/// <summary>What a vendor's stream event meant for the call.</summary>
[Flags]
internal enum FrameVerdict
{
    /// <summary>Nothing goes to the client, or the translator has written it itself.</summary>
    None = 0,

    /// <summary>The event's own bytes go to the client untouched.</summary>
    Pass = 1,

    /// <summary>
    /// Content, reasoning, tool call, refusal, audio or a finish reason: from here on the answer is committed. Always on
    /// the first such event; later ones may come without it.
    /// </summary>
    Output = 2,

    /// <summary>The vendor said that the generation is finished (with several choices: one of them); usage and the closing mark are near.</summary>
    Finish = 4,

    /// <summary>The closing mark of the stream.</summary>
    End = 8,

    /// <summary>The vendor reported a failure inside the stream.</summary>
    Error = 16,
}

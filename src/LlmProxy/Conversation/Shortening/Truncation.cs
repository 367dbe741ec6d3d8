using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Wire;

namespace LlmProxy.Conversation.Shortening;

/// <summary>
/// The wish "truncate": a conversation that is longer than the LLM's context loses its oldest turns. The request's bytes
/// are cut, so that every way on, same dialect or translated, sees the shorter one; all other bytes stay as they came.
/// </summary>
internal static class Truncation
{
    /// <summary>
    /// Before the first attempt: cuts to the largest window among the LLMs that may be asked. Where one of them has a
    /// window that nobody knows, nothing is cut yet: it may be large enough.
    /// </summary>
    public static void FitPlan(Exchange exchange, RoutePlan plan)
    {
        if (exchange.Wishes.Truncate != true)
        {
            return;
        }

        RouteTarget? widest = null;
        foreach (RouteTarget target in plan.Targets)
        {
            if (target.Facts.ContextWindow == 0)
            {
                return;
            }

            widest = widest is null || target.Facts.ContextWindow > widest.Facts.ContextWindow ? target : widest;
        }

        if (widest is not null)
        {
            TryFit(exchange, widest.Facts.ContextWindow, ExpectedOutput.Of(exchange, widest));
        }
    }

    /// <summary>
    /// After an LLM said that the conversation is too long: cuts to its window, or by a quarter where that is unknown or
    /// was thought to be kept already. True when it can be asked again; false without the wish or when nothing is left to cut.
    /// </summary>
    public static bool TryShorten(Exchange exchange, RouteTarget refused)
    {
        if (exchange.Wishes.Truncate != true)
        {
            return false;
        }

        int window = refused.Facts.ContextWindow;
        return (window > 0 && TryFit(exchange, window, ExpectedOutput.Of(exchange, refused)))
            || CutTo(exchange, PromptSize.Estimate(exchange) * 3 / 4);
    }

    /// <summary>Makes prompt and expected output fit into the window, as far as that can be done. True when something was cut.</summary>
    public static bool TryFit(Exchange exchange, long windowTokens, long reserveForOutput) =>
        CutTo(exchange, windowTokens - Math.Min(reserveForOutput, windowTokens / 2));

    private static bool CutTo(Exchange exchange, long promptTokens)
    {
        if (exchange.Peek is not { } peek || exchange.Body is not { } body || ArrayMember(exchange.Endpoint, peek, body) is not { } member)
        {
            return false;
        }

        long tooMany = PromptSize.Estimate(exchange) - promptTokens;
        if (tooMany <= 0)
        {
            return false;
        }

        try
        {
            List<ConversationItem> items = ItemReader.Read(body.Bytes[member.ValueStart..member.ValueEnd], member.ValueStart);
            bool[] isCut = new bool[items.Count];
            int count = 0;
            foreach (List<int> step in TurnUnits.Steps(items))
            {
                if (tooMany <= 0)
                {
                    break;
                }

                foreach (int i in step)
                {
                    isCut[i] = true;
                    count++;
                    tooMany -= items[i].Tokens;
                }
            }

            return count > 0 && body.Without(Gaps(items, isCut)) is { } shorter && exchange.TryReplaceBody(shorter, count);
        }
        catch (JsonException)
        {
            return false; // The vendor says it better.
        }
    }

    /// <summary>The bytes that go: each run of items with the commas before it, the first run with those behind it.</summary>
    private static List<(int Start, int End)> Gaps(List<ConversationItem> items, bool[] isCut)
    {
        var gaps = new List<(int Start, int End)>();
        for (int i = 0; i < items.Count; i++)
        {
            if (!isCut[i])
            {
                continue;
            }

            int first = i;
            while (i + 1 < items.Count && isCut[i + 1])
            {
                i++;
            }

            gaps.Add(first > 0 ? (items[first - 1].End, items[i].End) : (items[0].Start, i + 1 < items.Count ? items[i + 1].Start : items[i].End));
        }

        return gaps;
    }

    /// <summary>Where the endpoint's conversation stands; null where there is none that could be cut.</summary>
    private static JsonMember? ArrayMember(EndpointKind endpoint, RequestPeek peek, RequestBody body)
    {
        int at = endpoint == EndpointKind.Chat || endpoint == EndpointKind.Messages || endpoint == EndpointKind.OllamaChat
            ? peek.Members.Find(body.Span, "messages"u8)
            : endpoint == EndpointKind.Responses ? peek.Members.Find(body.Span, "input"u8) : -1;
        return at >= 0 && peek.Members[at].Kind == JsonTokenType.StartArray ? peek.Members[at] : null;
    }
}

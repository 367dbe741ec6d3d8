using LlmProxy.Caching.Semantic;
using LlmProxy.Forwarding;
using LlmProxy.Guards;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Caching;

/// <summary>Do we know the answer already? The cache as a call meets it: exact answers, equal calls under way, questions that mean the same.</summary>
internal sealed class AnswerDesk(AnswerShelf shelf, SemanticCache similar, KnownAnswers answers, Follower follower)
{
    /// <summary>The answer, where it is known. Null: it is not, or an equal call under way may bring it (the exchange then follows that one).</summary>
    public ValueTask<KnownAnswer?> FindAsync(Exchange exchange, RoutePlan plan) => shelf.FindAsync(exchange, plan);

    /// <summary>
    /// The answer to a question that means the same. A call whose text is masked has none: what is alike is then the mask, and
    /// the answer behind it speaks of somebody else.
    /// </summary>
    public ValueTask<KnownAnswer?> FindSimilarAsync(Exchange exchange, RoutePlan plan) =>
        exchange.Flight is null || exchange.AnswerGuard is not null ? default : similar.FindAsync(exchange, plan);

    public ValueTask SendAsync(Exchange exchange, KnownAnswer known, ClientAnswer answer) => answers.SendAsync(exchange, known, answer);

    /// <summary>True when the equal call has answered this one too, or why not was told; else an LLM has to be asked.</summary>
    public async Task<bool> FollowAsync(Exchange exchange, RoutePlan plan, ClientAnswer answer)
    {
        AnswerGuard? guard = exchange.AnswerGuard;
        exchange.AnswerGuard = null; // What comes from the equal call has passed that one's guard.
        bool isAnswered = await follower.RunAsync(exchange, plan, answer);
        exchange.AnswerGuard = guard;
        return isAnswered;
    }

    /// <summary>The call is over: those who follow it learn how it ended, and its answer is kept where it may be.</summary>
    public void Land(Exchange exchange) => shelf.Land(exchange);
}

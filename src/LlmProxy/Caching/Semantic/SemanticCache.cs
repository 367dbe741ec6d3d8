using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Caching.Semantic;

/// <summary>Answers to questions that mean the same in other words, for workspaces whose operator wants that.</summary>
internal sealed class SemanticCache(AnswerCache cache, AnswerShelf shelf, SimilarQuestions questions, PromptEmbedder embedder)
{
    public static bool IsOn(CacheOptions options, string workspace) =>
        options.Semantic.Workspaces.Count > 0 && options.Semantic.Workspaces.Exists(name => name == "*" || name == workspace);

    /// <summary>Null: nothing near enough is known. The call's own answer will then be found by the meaning of its question.</summary>
    public async ValueTask<KnownAnswer?> FindAsync(Exchange exchange, RoutePlan plan)
    {
        CacheOptions options = exchange.Snapshot.Options.Cache;
        if (exchange.Flight is not { } flight || exchange.Wishes.Cache == CacheWish.Refresh || exchange.Endpoint == EndpointKind.Embeddings || !IsOn(options, exchange.Caller.Workspace))
        {
            return null;
        }

        using var frame = new PooledWriter();
        if (LonePrompt.Of(exchange, frame) is not { } text)
        {
            return null;
        }

        CacheKey circle = CallMeaning.KeyWithoutPrompt(exchange, frame.Written);
        if (await embedder.EmbedAsync(exchange, plan, text) is not { } vector)
        {
            return null;
        }

        var question = new Question(circle, vector);
        if (questions.Nearest(question, options.Semantic.Threshold) is { } near)
        {
            if (!cache.TryGet(near.Answer, out CachedAnswer? kept, out TimeSpan age))
            {
                questions.Forget(question, near.Answer);
            }
            else if (AnswerShelf.Known(exchange, plan, kept, age) is { } known)
            {
                shelf.Release(exchange, kept, near.Score);
                return known with { Score = near.Score };
            }
        }

        flight.Question = question;
        return null;
    }
}

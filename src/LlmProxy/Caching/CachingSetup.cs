using LlmProxy.Caching.Semantic;
using LlmProxy.Caching.Shared;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LlmProxy.Caching;

internal static class CachingSetup
{
    public static IServiceCollection AddCaching(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<AnswerCache>();
        services.AddSingleton<Flights>();
        services.AddSingleton<SharedAnswers>();
        services.AddSingleton<SimilarQuestions>();
        services.AddSingleton<PromptEmbedder>();
        services.AddSingleton<SemanticCache>();
        services.AddSingleton<AnswerShelf>();
        services.AddSingleton<KnownAnswers>();
        services.AddSingleton<Follower>();
        services.AddSingleton<AnswerDesk>();
        return services;
    }
}

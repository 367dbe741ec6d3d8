namespace LlmProxy.Providers.OpenAi;

/// <summary>
/// The models that answer max_tokens with 400 "Use 'max_completion_tokens' instead": the o-series and everything from
/// GPT-5 on. https://platform.openai.com/docs/api-reference/chat/create#chat-create-max_tokens ("not compatible with
/// o-series models"), https://platform.openai.com/docs/guides/reasoning.
/// </summary>
internal static class ReasoningModels
{
    /// <summary>Dated ("o3-2025-04-16"), sized ("gpt-5-mini") and fine-tuned ("ft:o4-mini:...") names belong to their family.</summary>
    public static bool DemandCompletionLimit(string model)
    {
        ReadOnlySpan<char> name = model;
        if (name.StartsWith("ft:", StringComparison.OrdinalIgnoreCase))
        {
            name = name[3..];
        }

        // Relays and Azure deployments often keep the vendor's prefix in their names.
        int slash = name.LastIndexOf('/');
        name = name[(slash + 1)..];
        if (name.Length > 1 && (name[0] | 0x20) == 'o' && char.IsAsciiDigit(name[1]))
        {
            return true;
        }

        return name.StartsWith("gpt-", StringComparison.OrdinalIgnoreCase) && Generation(name[4..]) >= 5;
    }

    /// <summary>Every OpenAI model takes the new name, so a wrong guess costs nothing; sending both is refused.</summary>
    public static void RenameLimit(RequestEdits edits) => edits.Rename("max_tokens"u8, "max_completion_tokens"u8);

    /// <summary>5 for "5-mini" and "5.1", 35 for Azure's "35-turbo", which is an old one.</summary>
    private static int Generation(ReadOnlySpan<char> version)
    {
        int digits = 0;
        while (digits < version.Length && char.IsAsciiDigit(version[digits]))
        {
            digits++;
        }

        return digits > 0 && int.TryParse(version[..digits], out int number) && number != 35 ? number : 0;
    }
}

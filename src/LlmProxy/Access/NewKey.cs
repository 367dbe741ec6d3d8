using System.Security.Cryptography;

namespace LlmProxy.Access;

/// <summary>A fresh virtual key, to be shown once: 43 letters and digits at random hold 256 bits.</summary>
internal readonly record struct NewKey(string Text)
{
    public const string Mark = "sk-llmproxy-";

    private const string Letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int RandomLetters = 43;
    private const int ShownLetters = 4;

    public string Prefix => Text[..(Mark.Length + ShownLetters)];

    public KeyHash Hash => KeyHash.TryOf(Text, out KeyHash hash) ? hash : throw new InvalidOperationException("A new key is never too long.");

    public static NewKey Make() => new(Mark + RandomNumberGenerator.GetString(Letters, RandomLetters));

    public override string ToString() => Prefix + "...";
}

using System.Text;
using LlmProxy.Guards;

namespace LlmProxy.Tests.Guards;

public sealed class FormTextTests
{
    [Theory]
    [InlineData(10, "", true)]
    [InlineData(1_500_000, "", true)]
    [InlineData(10, "; filename=\"a.wav\"", false)]
    public async Task Field_WithASecret_IsFoundHoweverLongItIs(int length, string more, bool isFound)
    {
        string text = new string('x', length) + " 4111 1111 1111 1111 end";
        byte[] form = Encoding.UTF8.GetBytes($"--b\r\nContent-Disposition: form-data; name=\"prompt\"{more}\r\n\r\n{text}\r\n--b--\r\n");

        Assert.Equal(isFound, await FormText.AnyAsync(form, "b", new Masking("cards:block").Redactor));
    }
}

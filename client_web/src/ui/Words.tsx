/** Words for two people to compare, one after the other. */

export function Words({ words }: { readonly words: readonly string[] }) {
  return (
    <ol class='words' lang='en'>
      {words.map((word, place) => (
        <li key={`${place}-${word}`}>{word}</li>
      ))}
    </ol>
  )
}
